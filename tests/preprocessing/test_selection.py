"""Manifest and decisions must be about the same study."""

from __future__ import annotations

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.errors import DataError, ManifestError, UnitError
from cbvsynth.preprocessing.selection import common_target_unit, select_accepted
from cbvsynth.records.decisions import Decision


def examination(name: str, unit: TargetUnit = TargetUnit.ML_PER_100G) -> Examination:
    return Examination(name, f"sub-{name}", "1", {}, target_unit=unit)


def accepted(name: str) -> Decision:
    return Decision(name, f"sub-{name}", "1", "accepted")


def dropped(name: str) -> Decision:
    return Decision(name, f"sub-{name}", "1", "dropped", ("motion",))


def test_accepted_examinations_come_sorted() -> None:
    study = [examination("c"), examination("a"), examination("b")]

    selected = select_accepted(study, [accepted("c"), dropped("b"), accepted("a")])

    assert [one.exam_id for one in selected] == ["a", "c"]


@pytest.mark.parametrize(
    "decisions",
    [
        [accepted("a")],
        [accepted("a"), accepted("b"), accepted("c")],
        [accepted("a"), Decision("b", "sub-other", "1", "accepted")],
        [accepted("a"), Decision("b", "sub-b", "2", "accepted")],
    ],
)
def test_a_study_that_changed_after_validate_is_refused(decisions: list[Decision]) -> None:
    with pytest.raises(ManifestError, match="The study changed since; run validate again"):
        select_accepted([examination("a"), examination("b")], decisions)


def test_nothing_accepted_is_refused() -> None:
    with pytest.raises(DataError, match="accepted none of 1 examination;"):
        select_accepted([examination("a")], [dropped("a")])


def test_one_unit_is_common() -> None:
    assert common_target_unit([examination("a", TargetUnit.RELATIVE)]) is TargetUnit.RELATIVE


def test_units_never_mix() -> None:
    with pytest.raises(UnitError, match="b has CBV in 'relative', a in 'mL/100g'"):
        common_target_unit([examination("a"), examination("b", TargetUnit.RELATIVE)])
