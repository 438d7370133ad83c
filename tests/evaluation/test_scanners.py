"""A site's scores by scanner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from cbvsynth.domain.drift import Measured
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.evaluation.scanners import scanner_groups, scanner_of
from tests.registry.trained_models import score

SCORES = [replace(score("encdec-t1", number, 0.8 + 0.01 * number), mae_brain=number) for number in range(4)]


def examination(number: int, scanner: str, field: float | None) -> Examination:
    return Examination(
        exam_id=SCORES[number].exam_id,
        subject_id=SCORES[number].subject_id,
        session_id="",
        inputs={Sequence.T1: PurePosixPath("t1.nii")},
        target_unit=TargetUnit.ML_PER_100G,
        scanner=scanner,
        field_t=field,
    )


STUDY = [
    examination(0, "Achieva", 3.0),
    examination(1, "", 1.5),
    examination(2, "Achieva", 3.0),
    examination(3, "", None),
]


def test_groups_are_scanner_and_field_with_their_own_means_and_drift() -> None:
    home = Measured(tuple("abcdef"), {"x": (1.0, 1.1, 1.2, 1.3, 1.4, 1.5), "y": (0.0,) * 6})
    here = Measured(tuple(one.subject_id for one in SCORES), {"x": (9.0, 1.2, 9.0, 1.2), "y": (0.0,) * 4})
    groups = scanner_groups(STUDY, SCORES, home, here, GateSettings())
    assert [group.scanner for group in groups] == [
        "Achieva, 3 T",
        "scanner not stated",
        "scanner not stated, 1.5 T",
    ]
    first = groups[0]
    assert (first.examinations, first.patients, first.lesion_examinations) == (2, 2, 2)
    assert (first.ssim_mean, first.mae_brain) == pytest.approx((0.81, 1.0))
    assert first.lesion_bias == pytest.approx(-0.2)
    assert [group.drifted for group in groups] == [("x",), (), ()]


def test_where_sites_are_stated_each_has_a_line_and_its_scanners_have_theirs() -> None:
    """Examinations of one scanner at two hospitals were one group."""
    home = Measured(tuple("abcdef"), {"x": (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)})
    here = Measured(tuple(one.subject_id for one in SCORES), {"x": (1.2,) * 4})
    study = [
        replace(one, site=site) for one, site in zip(STUDY, ("North", "North", "South", ""), strict=True)
    ]
    groups = scanner_groups(study, SCORES, home, here, GateSettings())
    assert [(group.scanner, group.examinations) for group in groups] == [
        ("North", 2),
        ("North: Achieva, 3 T", 1),
        ("North: scanner not stated, 1.5 T", 1),
        ("South", 1),
        ("South: Achieva, 3 T", 1),
        ("site not stated", 1),
        ("site not stated: scanner not stated", 1),
    ]


def test_a_scanner_is_named_as_the_study_states_it() -> None:
    assert [scanner_of(one) for one in STUDY[:2]] == ["Achieva, 3 T", "scanner not stated, 1.5 T"]
