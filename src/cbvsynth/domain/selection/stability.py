"""How far a verdict depends on who was held out: the gate asked again of the patients drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.judging import Judged, Resamples
from cbvsynth.domain.selection.leaderboard import column_values, rank_models
from cbvsynth.domain.selection.records import Stability, Standing
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId

RIVALS = 5
"""Other winners that a verdict names."""


def stability_of(
    scores: Mapping[ModelId, Sequence[ExamScore]],
    judged: Mapping[str, Sequence[Judged]],
    candidate: Standing | None,
    resamples: Resamples,
    settings: GateSettings,
) -> Stability:
    """Choose the winner of every draw: the best mean among the models whose measures are within all limits.

    The estimates themselves are held against the limits there, not their intervals: a draw has none. What a
    draw does not change, as the number of examinations, counts as it is.

    Args:
        scores: of every model on the common examinations, in the order of the resamples.
        judged: the checks of every model, by slug.
        candidate: the winner on all patients, if any.
        resamples: of the held-out patients.
        settings: `select_by` is the column that ranks.
    """
    draws = resamples.weights.shape[0]
    patients = {score.subject_id for score in next(iter(scores.values()))}
    if len(patients) < 2:
        return Stability(draws, None, None, {})
    values = {model: column_values(found, settings.select_by) for model, found in scores.items()}
    means = {model: float(found.mean()) for model, found in values.items()}
    ranked = rank_models(means)  # equal means in a draw fall to the higher rank, as they do in the table
    standing = np.stack([_within_limits(judged[model.slug], draws) for model in ranked])
    drawn = np.stack([resamples.weights @ values[model] for model in ranked])
    drawn = np.where(standing & np.isfinite(drawn), drawn, -np.inf)
    winners = drawn.argmax(axis=0)
    none = np.isneginf(drawn.max(axis=0))
    counts = np.bincount(winners[~none], minlength=len(ranked)) / draws
    shares = {model.slug: float(share) for model, share in zip(ranked, counts, strict=True) if share > 0}
    chosen = candidate.model if candidate else ""
    rivals = sorted(((-share, slug) for slug, share in shares.items() if slug != chosen))[:RIVALS]
    return Stability(
        draws=draws,
        same_winner=shares.get(chosen, 0.0) if candidate else None,
        no_winner=float(none.mean()),
        rivals={slug: -share for share, slug in rivals},
    )


def _within_limits(judged: Sequence[Judged], draws: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    within = np.ones(draws, dtype=np.bool_)
    for one in judged:
        if one.holds is not None and one.check.passed is not None:
            within &= one.holds
        elif one.check.passed is False:
            within[:] = False
    return within
