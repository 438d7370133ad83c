"""The suites: what a study's table, its images and its measurements must satisfy.

Every expectation has a description, a severity and, where it drops examinations, a heading of the
flow chart. What concerns one examination becomes a `Finding`; what concerns the whole study stops
the run.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cbvsynth.domain.examination import QUALITY_FLAGS, Examination
from cbvsynth.errors import ManifestError, UnitError
from cbvsynth.quality.checks import Group, RangeCheck, Severity, age_check, measurement_checks
from cbvsynth.quality.expectations import INDEX_COLUMN, Checker, Failure, labels, range_expectation
from cbvsynth.quality.limits import Limits
from cbvsynth.quality.survey import PROBLEM_GROUPS, Survey

_FLAG_GROUPS = {
    "metal": Group.METAL,
    "motion": Group.FAILED_CBV,
    "cbv_failed": Group.FAILED_CBV,
    "poor_standard": Group.POOR_STANDARD,
}
_SHOWN_EXAMINATIONS = 5
_LINES = "\n"
_HELD_OUT = "held-out"


@dataclass(frozen=True)
class Finding:
    """What a check says about one examination, or with an empty `exam_id` about the study.

    `group` is None for a warning, which drops nothing.
    """

    exam_id: str
    check: str
    group: Group | None
    text: str


def check_manifest(
    checker: Checker, examinations: Sequence[Examination], limits: Limits
) -> tuple[Finding, ...]:
    """Judge the table of examinations before any image is measured.

    Raises:
        UnitError: CBV maps of different units are mixed.
        ManifestError: a patient is in two splits.
    """
    failures = checker.run("manifest", manifest_table(examinations), _manifest_suite(examinations, limits))
    _stop_on_study_failures(failures, examinations)
    age = age_check(limits)
    return tuple(
        Finding(
            failure.exam_id,
            failure.check,
            failure.group,
            age.reason(failure.value) if failure.check == age.column else _reason(failure),
        )
        for failure in failures
    )


def check_images(checker: Checker, surveys: Sequence[Survey]) -> tuple[Finding, ...]:
    """Find images that belong to two examinations; both are dropped, as either may be the wrong one."""
    roles: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for survey in surveys:
        for role, digest in survey.digests.items():
            if digest:
                roles[digest][survey.exam_id].append(role.upper())
    rows = [(exam_id, digest) for digest, members in roles.items() for exam_id in members]
    table = pd.DataFrame(rows, columns=[INDEX_COLUMN, "image_digest"], dtype=str)
    failures = checker.run("images", table, [_unique_images()]) if rows else ()
    twins: dict[tuple[str, str], list[str]] = defaultdict(list)
    for failure in failures:
        members = roles[str(failure.value)]
        for other in members:
            if other != failure.exam_id:
                twins[failure.exam_id, other] += members[failure.exam_id]
    return tuple(
        Finding(
            exam_id,
            "image_digest",
            Group.DUPLICATE,
            f"{Group.DUPLICATE}: {', '.join(sorted(names))} voxel for voxel as in {other}",
        )
        for (exam_id, other), names in twins.items()
    )


def check_measurements(checker: Checker, surveys: Sequence[Survey], limits: Limits) -> tuple[Finding, ...]:
    """Judge what was measured, and what could not be read, of every examination."""
    checks = {check.column: check for check in measurement_checks(limits)}
    details = {survey.exam_id: survey.details for survey in surveys}
    suite = [*_problem_expectations(), *(range_expectation(check) for check in checks.values())]
    failures = checker.run("measurements", measurement_table(surveys, checks.values()), suite)
    judged = [
        Finding(failure.exam_id, failure.check, failure.group, text)
        for failure in failures
        for text in _measured_reasons(failure, checks, details)
    ]
    noted = [Finding(one.exam_id, "images", None, text) for one in surveys for text in one.warnings]
    return (*judged, *noted)


def manifest_table(examinations: Iterable[Examination]) -> pd.DataFrame:
    """One row per examination: what the suites need of the manifest; a missing age is NaN."""
    listed = list(examinations)
    splits: dict[str, set[str]] = defaultdict(set)
    for examination in listed:
        if examination.split:
            splits[examination.subject_id].add(examination.split)
    return pd.DataFrame(
        {
            INDEX_COLUMN: [examination.exam_id for examination in listed],
            "subject_id": [examination.subject_id for examination in listed],
            "session_id": [examination.session_id for examination in listed],
            "age": pd.Series([examination.age for examination in listed], dtype=float),
            "target_unit": [examination.target_unit.value for examination in listed],
            "splits_of_subject": [len(splits[examination.subject_id]) for examination in listed],
            "held_out": [_held_out(examination) for examination in listed],
            **{flag: [flag in examination.flags for examination in listed] for flag in QUALITY_FLAGS},
        }
    )


def measurement_table(surveys: Iterable[Survey], checks: Iterable[RangeCheck]) -> pd.DataFrame:
    """One row per examination: problems as text or None, then the measured numbers, NaN if not judged."""
    listed = list(surveys)
    problems = {
        problem_column(group): pd.Series(
            [_LINES.join(survey.problems_of(group)) or None for survey in listed], dtype=object
        )
        for group in PROBLEM_GROUPS
    }
    numbers = {
        check.column: pd.Series([survey.value(check.column) for survey in listed], dtype=float)
        for check in checks
    }
    return pd.DataFrame({INDEX_COLUMN: [survey.exam_id for survey in listed], **problems, **numbers})


def problem_column(group: Group) -> str:
    """Column that holds why an examination could not be measured."""
    return f"problem_{group.name.lower()}"


def _held_out(examination: Examination) -> float:
    """1 for held out, 0 for training, NaN where the study prescribes nothing."""
    return float(examination.split == _HELD_OUT) if examination.split else math.nan


def _manifest_suite(examinations: Sequence[Examination], limits: Limits) -> list[Any]:
    import great_expectations.expectations as gxe

    drop, stop, warn = Severity.DROP, Severity.STOP, Severity.WARN
    suite = [
        gxe.ExpectColumnUniqueValueCountToBeBetween(
            column="target_unit",
            max_value=1,
            **labels("target_unit", "All CBV maps of a study have one unit", stop),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="splits_of_subject",
            max_value=1,
            **labels("splits_of_subject", "A patient is in one split only", stop),
        ),
        gxe.ExpectColumnValuesToBeUnique(
            column=INDEX_COLUMN,
            **labels(INDEX_COLUMN, "exam_id stands for one examination", drop, Group.DUPLICATE),
        ),
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["subject_id", "session_id"],
            **labels(
                "subject_session",
                "patient and session stand for one examination",
                drop,
                Group.DUPLICATE,
            ),
        ),
        range_expectation(age_check(limits)),
        gxe.ExpectColumnValuesToNotBeNull(column="age", **labels("age_known", "age is not known", warn)),
        *(_flag_expectation(flag) for flag in QUALITY_FLAGS),
    ]
    if any(examination.split for examination in examinations):
        low, high = (
            round(limits.held_out_share + sign * limits.held_out_share_tolerance, 9) for sign in (-1, 1)
        )
        words = f"share of held-out examinations, expected {low:g} to {high:g}"
        suite.append(
            gxe.ExpectColumnMeanToBeBetween(
                column="held_out", min_value=low, max_value=high, **labels("held_out_share", words, warn)
            )
        )
    return suite


def _flag_expectation(flag: str) -> Any:  # noqa: ANN401  # Great Expectations is not typed
    import great_expectations.expectations as gxe

    words = f"marked by a reader as {flag.replace('_', ' ')}"
    return gxe.ExpectColumnValuesToBeInSet(
        column=flag, value_set=[False], **labels(f"flag_{flag}", words, Severity.DROP, _FLAG_GROUPS[flag])
    )


def _unique_images() -> Any:  # noqa: ANN401  # Great Expectations is not typed
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeUnique(
        column="image_digest",
        **labels("image_digest", "No two examinations share an image", Severity.DROP, Group.DUPLICATE),
    )


def _problem_expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeNull(
            column=problem_column(group),
            **labels(problem_column(group), f"Nothing to report as: {group}", Severity.DROP, group),
        )
        for group in PROBLEM_GROUPS
    ]


def _measured_reasons(
    failure: Failure, checks: Mapping[str, RangeCheck], details: Mapping[str, Mapping[str, str]]
) -> Iterable[str]:
    if failure.check in checks:
        detail = details[failure.exam_id].get(failure.check, "")
        return [checks[failure.check].reason(failure.value, detail)]
    return [f"{failure.group}: {problem}" for problem in str(failure.value).split(_LINES)]


def _reason(failure: Failure) -> str:
    if not failure.exam_id:
        return f"{failure.text}, found {failure.value:.3g}"
    return f"{failure.group}: {failure.text}" if failure.group else failure.text


def _stop_on_study_failures(failures: Iterable[Failure], examinations: Sequence[Examination]) -> None:
    stops = [failure for failure in failures if failure.severity is Severity.STOP]
    if any(failure.check == "target_unit" for failure in stops):
        counts = Counter(examination.target_unit.value for examination in examinations)
        found = ", ".join(f"{count} in {unit}" for unit, count in counts.most_common())
        raise UnitError(
            f"The CBV maps of this study have several units: {found}. Units never mix within a run; put "
            "the examinations of each unit into a study of its own."
        )
    split_twice = sorted({failure.exam_id for failure in stops})
    if split_twice:
        shown = ", ".join(split_twice[:_SHOWN_EXAMINATIONS])
        more = len(split_twice) - _SHOWN_EXAMINATIONS
        raise ManifestError(
            f"Patients are in more than one split: {shown}{f' and {more} more' if more > 0 else ''}. "
            "Models would be scored on patients they learned from; give all examinations of a patient one "
            "split, or leave the column empty."
        )
