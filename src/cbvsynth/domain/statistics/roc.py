"""Area under the ROC curve, and whether two scores of the same cases differ in it (DeLong)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.samples import (
    BoolArray,
    Float64Array,
    Values,
    as_pairs,
    as_sample,
    as_truth,
    normal_quantile,
    z_test,
)


@dataclass(frozen=True)
class Auc:
    """Area with DeLong's variance and a normal interval, clipped to 0-1."""

    auc: float
    variance: float
    low: float
    high: float
    events: int
    non_events: int

    @property
    def is_perfect(self) -> bool:
        """Whether the scores part all events from all non-events (1), or put all the wrong way round (0).

        The variance is 0 then, however few the cases: the interval has no width and says nothing.
        """
        return self.auc in (0.0, 1.0)


PERFECT_NOTE = (
    "An area of 1.000 has no interval to speak of: where all cases are told apart, its estimated variance is "
    "0 however few they are. Read it as a lower limit that is not known, not as certainty."
)
"""Stands where a perfect area is printed with its interval."""


@dataclass(frozen=True)
class AucComparison:
    """Two correlated areas; z is of first - second, p is two-sided."""

    first: Auc
    second: Auc
    covariance: float
    z: float
    p_value: float


@dataclass(frozen=True)
class RocCurve:
    """Corners of the curve from (0, 0) to (1, 1): one for each different score, highest first."""

    false_positive: tuple[float, ...]
    true_positive: tuple[float, ...]


def roc_curve(truth: Values, scores: Values) -> RocCurve:
    """Share of non-events and of events at or above each score; tied scores are one sloping step.

    The trapezia below the curve add up to `auc`.

    Raises:
        DataError: as `auc`, but one event and one non-event are enough.
    """
    sample = as_sample(scores, least=1, name="The scores")
    events = as_truth(truth, length=sample.size, least=1)
    order = np.argsort(-sample, kind="stable")
    last_of_its_score = np.append(np.diff(sample[order]) != 0, True)
    found = [np.cumsum(kind[order])[last_of_its_score] / kind.sum() for kind in (~events, events)]
    return RocCurve(*((0.0, *(float(share) for share in shares)) for shares in found))


def auc(truth: Values, scores: Values, *, level: float = 0.95) -> Auc:
    """Probability that an event scores higher than a non-event, ties counting one half.

    Args:
        truth: 1 for an event, 0 for a non-event.
        scores: higher means more likely an event; any scale.
        level: level of confidence of the interval.

    Raises:
        DataError: fewer than two events or non-events, unequal lengths, or NaN.

    Source: DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845; the placements by
        midranks, in O(n log n): Sun X, Xu W. IEEE Signal Process Lett 2014;21:1389-1393.
    """
    sample = as_sample(scores, least=1, name="The scores")
    events = as_truth(truth, length=sample.size, least=2)
    return _auc(*placements(events, sample), level=level)


def compare_auc(truth: Values, first: Values, second: Values, *, level: float = 0.95) -> AucComparison:
    """DeLong's test of two scores given to the same cases.

    Scores that order the cases alike give z = 0, p = 1.

    Raises:
        DataError: fewer than two events or non-events, unequal lengths, NaN, or areas that differ
            without any spread.

    Source: as `auc`.
    """
    one, other = as_pairs(first, second, least=1)
    events = as_truth(truth, length=one.size, least=2)
    (events_1, others_1), (events_2, others_2) = (placements(events, sample) for sample in (one, other))
    covariance = (
        float(np.cov(events_1, events_2)[0, 1]) / events_1.size
        + float(np.cov(others_1, others_2)[0, 1]) / others_1.size
    )
    first_auc, second_auc = _auc(events_1, others_1, level=level), _auc(events_2, others_2, level=level)
    # The variance of the difference from the differences themselves: exactly 0 for equal scores.
    variance = _variance_of_mean(events_1 - events_2) + _variance_of_mean(others_1 - others_2)
    z, p_value = z_test(first_auc.auc - second_auc.auc, math.sqrt(variance), "The difference of the areas")
    return AucComparison(first_auc, second_auc, covariance, z, p_value)


def placements(events: BoolArray, scores: Float64Array) -> tuple[Float64Array, Float64Array]:
    """For each event the share of non-events below it, for each non-event the share of events above it.

    Args:
        events: (n,) which cases are events; one of either at least.
        scores: (n,) higher means more likely an event.
    """
    midranks = stats.rankdata(scores)
    of_events = midranks[events] - stats.rankdata(scores[events])
    of_others = midranks[~events] - stats.rankdata(scores[~events])
    return of_events / of_others.size, 1.0 - of_others / of_events.size


def _auc(of_events: Float64Array, of_others: Float64Array, *, level: float) -> Auc:
    area = float(of_events.mean())
    variance = _variance_of_mean(of_events) + _variance_of_mean(of_others)
    half = normal_quantile(level) * math.sqrt(variance)
    return Auc(
        auc=area,
        variance=variance,
        low=max(0.0, area - half),
        high=min(1.0, area + half),
        events=of_events.size,
        non_events=of_others.size,
    )


def _variance_of_mean(values: Float64Array) -> float:
    return float(np.var(values, ddof=1)) / values.size
