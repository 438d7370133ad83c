"""How often a synthetic map puts a lesion on the other side of a threshold than the real one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import has_lesion


@dataclass(frozen=True)
class Sides:
    """Lesions of one diagnosis (empty: of all) by the side that real and synthetic CBV put them on.

    A lesion at the threshold is high.
    """

    diagnosis: str
    lesions: int
    patients: int
    real_high: int
    shown_high: int
    """Low in the real map, high in the synthetic one."""
    shown_low: int
    """High in the real map, low in the synthetic one."""

    @property
    def wrong(self) -> int:
        """Lesions on the wrong side."""
        return self.shown_high + self.shown_low


def sides_by_diagnosis(scores: Iterable[ExamScore], threshold: float) -> tuple[Sides, ...]:
    """Count by diagnosis, sorted, and over all last; empty where there is no lesion.

    Args:
        scores: of one model; examinations without a lesion are left out.
        threshold: of lesion CBV, target unit.
    """
    lesions = [score for score in scores if has_lesion(score)]
    if not lesions:
        return ()
    names = sorted({score.diagnosis or "not given" for score in lesions})
    groups = [[score for score in lesions if (score.diagnosis or "not given") == name] for name in names]
    return tuple(
        _count(name, group, threshold) for name, group in zip((*names, ""), (*groups, lesions), strict=True)
    )


def _count(name: str, group: list[ExamScore], threshold: float) -> Sides:
    sides = [(one.lesion_cbv_real >= threshold, one.lesion_cbv_synthetic >= threshold) for one in group]
    return Sides(
        diagnosis=name,
        lesions=len(group),
        patients=len({score.subject_id for score in group}),
        real_high=sum(real for real, _ in sides),
        shown_high=sides.count((False, True)),
        shown_low=sides.count((True, False)),
    )
