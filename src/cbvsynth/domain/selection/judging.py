"""How a measure is held against its limits: by its interval, and again in every resample of the patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import or_none
from cbvsynth.domain.selection.records import Check
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.statistics.patient_bootstrap import Measure, patient_weights, resampled
from cbvsynth.domain.statistics.samples import BoolArray, Float64Array


@dataclass(frozen=True)
class Bounds:
    """Where a measure must lie, both ends included. `limit` is the one setting that both ends stem from."""

    low: float
    high: float
    limit: float
    by_interval: bool = True
    """Whether the whole interval must lie there, or the estimate alone."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A check, and in which resamples its measure lies within its bounds; None: not asked there."""

    check: Check
    holds: BoolArray | None = None

    def saying(self, text: str) -> Judged:
        """The same with words; what was found stands in them."""
        return replace(self, check=replace(self.check, text=text))

    def words(self, style: str) -> str:
        """What was found, with its interval."""
        check = self.check
        if check.found is None or check.low is None or check.high is None:
            return "not a number" if check.found is None else f"{check.found:{style}} (no interval)"
        return f"{check.found:{style}} ({check.low:{style}} to {check.high:{style}})"


@dataclass(frozen=True, eq=False)
class Resamples:
    """The held-out patients drawn again: weights (draws, examinations), and the level of the intervals.

    The limit of an interval on either side is a one-sided test at alpha: two of them are an equivalence test.
    """

    weights: Float64Array
    level: float

    def of(self, chosen: BoolArray) -> Resamples:
        """The same draws, of some of the examinations."""
        return replace(self, weights=self.weights[:, chosen])

    def judge(
        self, name: str, measure: Measure, real: Float64Array, synthetic: Float64Array, bounds: Bounds
    ) -> Judged:
        """Hold a measure against its bounds; the words are still to be said."""
        there = self.weights.sum(axis=1) > 0
        found = resampled(measure, self.weights[there], real, synthetic, self.level)
        ends = (found.low, found.high) if bounds.by_interval else (found.found, found.found)
        holds = np.ones(self.weights.shape[0], dtype=np.bool_)
        within = (found.draws >= bounds.low) & (found.draws <= bounds.high)
        # A draw in which the measure has no value, as without any high perfusion, does not ask for it.
        holds[there] = within | (np.isnan(found.draws) & np.isfinite(found.found))
        check = Check(
            name=name,
            passed=bool(ends[0] >= bounds.low and ends[1] <= bounds.high),
            found=or_none(found.found),
            limit=bounds.limit,
            text="",
            low=or_none(found.low),
            high=or_none(found.high),
        )
        return Judged(check, holds)


def draw_patients(scores: Sequence[ExamScore], settings: GateSettings) -> Resamples:
    """Draw the patients of these examinations again; the same seed gives the same draws for every model."""
    rng = np.random.default_rng(settings.seed)
    weights = patient_weights([score.subject_id for score in scores], settings.bootstrap_samples, rng)
    return Resamples(weights, 1 - 2 * settings.alpha)


def not_assessable(name: str, text: str, limit: float | None = None) -> Judged:
    """A question that the data cannot answer: it neither passes nor fails."""
    return Judged(Check(name, None, None, limit, text))
