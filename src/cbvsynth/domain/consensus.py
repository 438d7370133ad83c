"""What readers settled on after discussion, apart from what each of them scored first.

Agreement of readers is of their first scores only: after a discussion they agree because they talked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import StudyResult
from cbvsynth.domain.reading_forms import POINTS, Criterion
from cbvsynth.errors import DataError

Disputed = tuple[str, MapKind, str]
"""Examination, kind of map, key of the criterion."""


@dataclass(frozen=True)
class FinalScores:
    """One score for each map: all readers' first one where they agreed, else the one they settled on."""

    criterion: Criterion
    kind: MapKind
    counts: tuple[int, ...]
    """How many maps have each point, from 0."""
    discussed: int
    """Of them, maps that were discussed."""
    unsettled: int
    """Maps on which first scores differ and nothing was settled; they are in no count."""
    mean: float
    """NaN where no map has a score."""


def final_scores(result: StudyResult, agreed: Mapping[Disputed, int]) -> tuple[FinalScores, ...]:
    """Every criterion and kind of map after discussion.

    Args:
        result: of the first scores, which it leaves as they are.
        agreed: what readers settled on, 0 to 3; of maps of this form.

    Raises:
        DataError: a score is off the scale, or of a map on which nothing was to be settled.
    """
    places = {
        (one.exam_id, one.kind, key): scores for one in result.scored for key, scores in one.scores.items()
    }
    for place, score in agreed.items():
        if not 0 <= score < POINTS:
            raise DataError(
                f"{place[0]}, {place[1]}, {place[2]}: consensus of {score}; expected 0 to {POINTS - 1}."
            )
        if len(set(places.get(place, ()))) < 2:
            raise DataError(
                f"{place[0]}, {place[1]}, {place[2]}: a consensus where readers did not differ; expected "
                "one of the maps to be discussed only. Is it the table of this study?"
            )
    return tuple(_final(result, row.criterion, row.kind, agreed) for row in result.distributions)


def _final(
    result: StudyResult, criterion: Criterion, kind: MapKind, agreed: Mapping[Disputed, int]
) -> FinalScores:
    settled, discussed, unsettled = [], 0, 0
    for one in result.scored:
        if one.kind is not kind:
            continue
        first = set(one.scores[criterion.key])
        consensus = agreed.get((one.exam_id, kind, criterion.key))
        if len(first) == 1:
            settled.append(first.pop())
        elif consensus is not None:
            settled.append(consensus)
            discussed += 1
        else:
            unsettled += 1
    counts = np.bincount(settled, minlength=POINTS)
    mean = float(np.mean(settled)) if settled else float("nan")
    return FinalScores(criterion, kind, tuple(int(one) for one in counts), discussed, unsettled, mean)
