"""Decisions: every reason is kept, each examination leaves the chart once, too many stop the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import Group
from cbvsynth.quality.outcome import Flow, Outcome, judge, require_enough
from cbvsynth.quality.suites import Finding
from cbvsynth.quality.survey import Survey


def outcome(*findings: Finding, patients: str = "pqr") -> Outcome:
    """Three examinations a, b, c of the given patients."""
    plain = Examination("", "", "1", inputs={})
    examinations = [
        replace(plain, exam_id=name, subject_id=patient)
        for name, patient in zip("abc", patients, strict=True)
    ]
    return judge(examinations, [Survey(name) for name in "abc"], findings)


def test_an_examination_without_findings_is_accepted() -> None:
    decisions = [one.decision for one in outcome().judged]

    assert [(one.exam_id, one.status, one.reasons) for one in decisions] == [
        (name, "accepted", ()) for name in "abc"
    ]


def test_all_reasons_are_kept_in_the_order_of_the_headings() -> None:
    judged = outcome(
        Finding("b", "x", Group.WRONG_FILE, "wrong file: one"),
        Finding("b", "y", Group.METAL, "metal artefact: two"),
    ).judged[1]

    assert judged.decision.reasons == ("metal artefact: two", "wrong file: one")
    assert judged.group is Group.METAL


def test_a_reason_said_twice_is_written_once_and_fits_the_table() -> None:
    finding = Finding("a", "x", Group.UNREADABLE, "file: is\ntruncated; copy it again ")

    assert outcome(finding, finding).judged[0].decision.reasons == ("file: is truncated, copy it again",)


def test_a_warning_drops_nothing() -> None:
    judged = outcome(Finding("a", "age_known", None, "age is not known")).judged[0]

    assert judged.decision.accepted
    assert judged.warnings == ("age is not known",)


def test_a_warning_about_the_study_belongs_to_no_examination() -> None:
    found = outcome(Finding("", "held_out_share", None, "share 0.5"))

    assert found.study_warnings == ("share 0.5",)
    assert all(one.findings == () for one in found.judged)


def test_every_warning_names_the_study_the_examination_or_its_patient() -> None:
    found = outcome(
        Finding("", "manifest", None, "b, column age: 'XX' is unknown"),
        Finding("b", "age_known", None, "age is not known"),
        Finding("c", "images", None, "r/1: T1C: after the voxels come 16 bytes"),
    )

    assert found.warnings == (
        "b, column age: 'XX' is unknown",
        "b: age is not known",
        "r/1: T1C: after the voxels come 16 bytes",
    )


def test_the_flow_counts_each_examination_once_and_patients_apart() -> None:
    flow = outcome(
        Finding("a", "x", Group.METAL, "m"),
        Finding("a", "y", Group.WRONG_FILE, "w"),
        patients="ppq",
    ).flow

    assert dict(flow.dropped)[Group.METAL] == 1
    assert flow.examinations_dropped == 1
    assert (flow.examinations_found, flow.examinations_accepted) == (3, 2)
    assert (flow.patients_found, flow.patients_accepted) == (2, 2)
    assert [group for group, _ in flow.dropped] == list(Group)


def flow_of(dropped: int, accepted: int) -> Flow:
    total = dropped + accepted
    return Flow(total, total, ((Group.METAL, dropped),), accepted, accepted)


@pytest.mark.parametrize(("dropped", "accepted"), [(0, 1), (24, 76), (25, 75)])
def test_up_to_the_allowed_share_may_be_dropped(dropped: int, accepted: int) -> None:
    require_enough(flow_of(dropped, accepted), 0.25, "report.html")


def test_one_more_than_the_allowed_share_stops_the_run_and_names_the_report() -> None:
    with pytest.raises(
        QualityError, match=r"26 of 100 .*26%: metal artefact 26.*at most 25%.* Read out/report.html"
    ):
        require_enough(flow_of(26, 74), 0.25, "out/report.html")


def test_nothing_accepted_stops_the_run_whatever_is_allowed() -> None:
    with pytest.raises(QualityError, match="4 of 4 examinations were dropped"):
        require_enough(flow_of(4, 0), 1.0, "report.html")


def test_an_empty_study_has_dropped_no_share() -> None:
    assert flow_of(0, 0).dropped_share == 0.0
