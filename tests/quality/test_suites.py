"""The suites: both sides of every limit, and what stops, drops or only warns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cbvsynth.domain.examination import QUALITY_FLAGS, Examination
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import ManifestError, QualityError, UnitError
from cbvsynth.phantom.faults import ALIGNED_FAULTS, Fault
from cbvsynth.quality.checks import Group, RangeCheck, Severity, age_check, measurement_checks
from cbvsynth.quality.expectations import Checker, labels
from cbvsynth.quality.limits import Limits
from cbvsynth.quality.suites import Finding, check_images, check_manifest, check_measurements
from cbvsynth.quality.survey import Survey

LIMITS = Limits()
Study = Any


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    return Checker(tmp_path / "data_docs")


def examination(number: int, **changes: Any) -> Examination:
    plain = Examination(f"e{number}", f"p{number}", "1", inputs={}, age=50.0)
    return replace(plain, **changes)


def dropped(findings: Sequence[Finding]) -> dict[str, list[Group]]:
    return {
        finding.exam_id: [
            other.group for other in findings if other.exam_id == finding.exam_id and other.group
        ]
        for finding in findings
        if finding.group
    }


@pytest.fixture(scope="module")
def findings(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finding, ...]:
    checker = Checker(tmp_path_factory.mktemp("docs"))
    return check_measurements(checker, study.surveys, LIMITS)


class TestPlantedFaults:
    """The measurements of a phantom study with one fault of every kind, judged by the suite."""

    @pytest.mark.parametrize(
        ("fault", "check"),
        [
            (Fault.METAL, "adc_void_fraction"),
            (Fault.METAL, "cbv_void_fraction"),
            (Fault.MOTION, "ghost_ratio"),
            (Fault.MISREGISTERED_CBV, "cbv_support_dice"),
            (Fault.ADC_UNIT, "adc_median"),
            (Fault.CBV_UNIT, "cbv_median"),
            (Fault.WRONG_T1C, "t1c_t1_correlation"),
            (Fault.WRONG_T1C, "identical_images"),
            (Fault.LOW_SNR, "snr"),
            (Fault.MISSING_SLICES, "slices"),
        ],
    )
    def test_a_fault_is_caught_by_the_check_meant_for_it(
        self, study: Study, findings: tuple[Finding, ...], fault: Fault, check: str
    ) -> None:
        assert check in {finding.check for finding in findings if finding.exam_id == study.faulty[fault]}

    @pytest.mark.parametrize(
        ("fault", "group"),
        [
            (Fault.METAL, Group.METAL),
            (Fault.MOTION, Group.POOR_STANDARD),
            (Fault.MISREGISTERED_CBV, Group.FAILED_CBV),
            (Fault.ADC_UNIT, Group.WRONG_UNIT),
            (Fault.CBV_UNIT, Group.WRONG_UNIT),
            (Fault.WRONG_T1C, Group.WRONG_FILE),
            (Fault.LOW_SNR, Group.POOR_STANDARD),
            (Fault.MISSING_SLICES, Group.POOR_STANDARD),
        ],
    )
    def test_a_fault_is_put_under_its_own_heading_and_no_other(
        self, study: Study, findings: tuple[Finding, ...], fault: Fault, group: Group
    ) -> None:
        assert {one.group for one in findings if one.exam_id == study.faulty[fault]} == {group}

    def test_every_kind_of_fault_is_in_the_study(self, study: Study) -> None:
        assert set(study.faulty) == {fault.value for fault in ALIGNED_FAULTS}

    def test_clean_examinations_have_no_finding(self, study: Study, findings: tuple[Finding, ...]) -> None:
        assert len(study.clean) == 5
        assert {one.exam_id for one in findings}.isdisjoint(one.exam_id for one in study.clean)

    def test_no_two_examinations_of_the_phantom_share_an_image(self, study: Study, checker: Checker) -> None:
        assert check_images(checker, study.surveys) == ()


def _edges() -> list[tuple[RangeCheck, str, float, bool]]:
    """Every limit of every check: a value at it, just inside and just outside, and whether it passes."""
    cases = []
    for check in measurement_checks(LIMITS):
        for limit, outward in ((check.minimum, -1.0), (check.maximum, 1.0)):
            if limit is not None:
                step = max(abs(limit), 1.0) * 1e-6
                cases.append((check, "at", limit, not check.strict))
                cases.append((check, "inside", limit - outward * step, True))
                cases.append((check, "outside", limit + outward * step, False))
    return cases


EDGES = _edges()


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    surveys = [
        Survey(str(number), {check.column: value}) for number, (check, _, value, _) in enumerate(EDGES)
    ]
    findings = check_measurements(Checker(tmp_path_factory.mktemp("docs")), surveys, LIMITS)
    return {finding.exam_id for finding in findings}


class TestLimits:
    @pytest.mark.parametrize(
        "number",
        range(len(EDGES)),
        ids=[f"{check.column}-{place}-{value:.8g}" for check, place, value, _ in EDGES],
    )
    def test_a_value_on_either_side_of_a_limit(self, failed: set[str], number: int) -> None:
        assert (str(number) not in failed) is EDGES[number][3]

    def test_what_was_not_judged_passes(self, checker: Checker) -> None:
        values = {check.column: math.nan for check in measurement_checks(LIMITS)}

        assert check_measurements(checker, [Survey("a", values), Survey("b")], LIMITS) == ()

    def test_what_a_header_is_warned_of_drops_nothing(self, checker: Checker) -> None:
        surveys = [Survey("a", warnings=("CBV: one thing.", "T1: another.")), Survey("b")]
        findings = check_measurements(checker, surveys, LIMITS)
        assert [(one.exam_id, one.group, one.text) for one in findings] == [
            ("a", None, "CBV: one thing."),
            ("a", None, "T1: another."),
        ]

    def test_a_laboratory_s_limit_is_the_one_that_is_used(self, checker: Checker) -> None:
        surveys = [Survey("a", {"snr": 9.0}, details={"snr": "T2"})]

        (finding,) = check_measurements(checker, surveys, Limits(snr_min=10))

        assert finding.text == (
            "poor standard MRI: least signal-to-noise ratio of a standard sequence is 9 (T2), "
            "expected above 10"
        )

    def test_a_problem_of_reading_drops_with_its_own_words_each(self, checker: Checker) -> None:
        problems = ((Group.UNREADABLE, "T1: truncated"), (Group.UNREADABLE, "T2: truncated"))
        surveys = [Survey("a", problems=problems), Survey("b", problems=((Group.FAILED_CBV, "far away"),))]

        findings = check_measurements(checker, surveys, LIMITS)

        assert [(one.exam_id, one.group, one.text) for one in findings] == [
            ("a", Group.UNREADABLE, f"{Group.UNREADABLE}: T1: truncated"),
            ("a", Group.UNREADABLE, f"{Group.UNREADABLE}: T2: truncated"),
            ("b", Group.FAILED_CBV, f"{Group.FAILED_CBV}: far away"),
        ]


class TestManifest:
    def test_ages_on_either_side_of_eighteen(self, checker: Checker) -> None:
        listed = [examination(1, age=17.99), examination(2, age=18.0), examination(3, age=0.0)]

        findings = check_manifest(checker, listed, LIMITS)

        assert dropped(findings) == {"e1": [Group.UNDER_AGE], "e3": [Group.UNDER_AGE]}
        assert findings[0].text == "under age: age is 17.99, expected at least 18 years"

    def test_a_missing_age_is_a_warning(self, checker: Checker) -> None:
        findings = check_manifest(checker, [examination(1, age=None), examination(2)], LIMITS)

        assert findings == (Finding("e1", "age_known", None, "age is not known"),)

    def test_a_study_without_any_age_is_a_warning_for_each(self, checker: Checker) -> None:
        findings = check_manifest(checker, [examination(1, age=None), examination(2, age=None)], LIMITS)

        assert [one.group for one in findings] == [None, None]

    @pytest.mark.parametrize(
        ("flag", "group"),
        [
            ("metal", Group.METAL),
            ("motion", Group.FAILED_CBV),
            ("cbv_failed", Group.FAILED_CBV),
            ("poor_standard", Group.POOR_STANDARD),
        ],
    )
    def test_a_reader_s_flag_drops_under_its_heading(self, checker: Checker, flag: str, group: Group) -> None:
        listed = [examination(1), examination(2, flags=frozenset({flag}))]

        assert dropped(check_manifest(checker, listed, LIMITS)) == {"e2": [group]}

    def test_every_flag_of_the_manifest_has_a_heading(self, checker: Checker) -> None:
        listed = [examination(1, flags=frozenset(QUALITY_FLAGS))]

        assert len(check_manifest(checker, listed, LIMITS)) == len(QUALITY_FLAGS)

    def test_examinations_of_one_session_are_duplicates(self, checker: Checker) -> None:
        listed = [
            examination(1),
            examination(2, subject_id="p1"),
            examination(3, subject_id="p1", session_id="2"),
        ]

        assert dropped(check_manifest(checker, listed, LIMITS)) == {
            "e1": [Group.DUPLICATE],
            "e2": [Group.DUPLICATE],
        }

    def test_one_exam_id_for_two_examinations_is_a_duplicate(self, checker: Checker) -> None:
        listed = [examination(1), examination(2, exam_id="e1"), examination(3)]

        assert set(dropped(check_manifest(checker, listed, LIMITS))) == {"e1"}

    def test_mixed_units_stop_the_run(self, checker: Checker) -> None:
        listed = [examination(1), examination(2), examination(3, target_unit=TargetUnit.RELATIVE)]

        with pytest.raises(UnitError, match="2 in mL/100g, 1 in relative"):
            check_manifest(checker, listed, LIMITS)

    def test_one_relative_study_is_fine(self, checker: Checker) -> None:
        listed = [examination(number, target_unit=TargetUnit.RELATIVE) for number in (1, 2)]

        assert check_manifest(checker, listed, LIMITS) == ()

    def test_a_patient_in_two_splits_stops_the_run_and_names_examinations(self, checker: Checker) -> None:
        listed = [
            *(examination(n, subject_id="p1", session_id=str(n), split="train") for n in range(1, 6)),
            *(examination(n, subject_id="p1", session_id=str(n), split="held-out") for n in range(6, 9)),
            examination(9, split="train"),
        ]

        with pytest.raises(ManifestError, match="more than one split: e1, e2, e3, e4, e5 and 3 more"):
            check_manifest(checker, listed, LIMITS)

    @pytest.mark.parametrize(
        ("held_out", "warned"), [(24, True), (25, False), (30, False), (35, False), (36, True)]
    )
    def test_a_prescribed_split_may_be_five_points_from_seven_to_three(
        self, checker: Checker, held_out: int, *, warned: bool
    ) -> None:
        listed = [examination(n, split="held-out" if n < held_out else "train") for n in range(100)]

        findings = check_manifest(checker, listed, LIMITS)

        assert [one.check for one in findings] == (["held_out_share"] if warned else [])
        assert all(one.exam_id == "" and one.group is None for one in findings)

    def test_examinations_without_a_split_do_not_count_in_the_share(self, checker: Checker) -> None:
        listed = [
            *(examination(n, split="held-out" if n < 3 else "train") for n in range(10)),
            *(examination(n) for n in range(10, 20)),
        ]

        assert check_manifest(checker, listed, LIMITS) == ()

    def test_the_age_limit_is_the_laboratory_s(self, checker: Checker) -> None:
        assert check_manifest(checker, [examination(1, age=3.0)], Limits(age_years_min=0)) == ()
        assert age_check(Limits(age_years_min=21)).interval == "at least 21 years"


class TestImages:
    def test_an_image_in_two_examinations_drops_both_and_names_the_other(self, checker: Checker) -> None:
        surveys = [
            Survey("a", digests={"t1": "1", "t2": "2", "cbv": "3"}),
            Survey("b", digests={"t1": "4", "t2": "2", "cbv": "3"}),
            Survey("c", digests={"t1": "5"}),
        ]

        findings = check_images(checker, surveys)

        assert [(one.exam_id, one.text) for one in findings] == [
            ("a", "duplicate: CBV, T2 voxel for voxel as in b"),
            ("b", "duplicate: CBV, T2 voxel for voxel as in a"),
        ]

    def test_equal_images_within_one_examination_are_no_duplicate_of_another(self, checker: Checker) -> None:
        assert check_images(checker, [Survey("a", digests={"t1": "1", "t1c": "1"})]) == ()

    def test_images_without_contrast_are_not_compared(self, checker: Checker) -> None:
        surveys = [Survey("a", digests={"cbv": ""}), Survey("b", digests={"cbv": ""})]

        assert check_images(checker, surveys) == ()


class TestExpectations:
    def test_a_check_that_cannot_be_computed_stops_the_run(self, checker: Checker) -> None:
        import great_expectations.expectations as gxe

        wrong = gxe.ExpectColumnValuesToBeUnique(
            column="none", **labels("nothing", "no such column", Severity.DROP, Group.DUPLICATE)
        )

        with pytest.raises(QualityError, match="'nothing' could not be computed"):
            checker.run("broken", pd.DataFrame({"exam_id": ["a"]}), [wrong])

    def test_data_docs_lie_in_their_folder_and_nowhere_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)

        check_manifest(Checker(tmp_path / "docs"), [examination(1)], LIMITS)

        assert list(here.iterdir()) == []
        assert (tmp_path / "docs" / "index.html").is_file()
