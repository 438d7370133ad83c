"""Harrell's C of risk scores under censoring, and whether two scores of the same patients differ in it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.statistics.censored import Follow, as_follow
from cbvsynth.domain.statistics.samples import Float64Array, Values, as_sample, normal_quantile, z_test
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Concordance:
    """Share of comparable pairs in which who dies earlier has the higher score; interval clipped to 0-1."""

    c: float
    standard_error: float
    low: float
    high: float
    pairs: int
    """Comparable ones: of the two it is known who died first."""


@dataclass(frozen=True)
class ConcordanceComparison:
    """Two correlated C; z is of first - second, p is two-sided."""

    first: Concordance
    second: Concordance
    difference: float
    standard_error: float
    z: float
    p_value: float


def concordance(time: Values, event: Values, risk: Values, *, level: float = 0.95) -> Concordance:
    """Harrell's C with the variance of the infinitesimal jackknife, as R's survival::concordance has it.

    A pair is comparable when the earlier time is an event; a censored patient counts as longer than an
    event at the same time, two events at the same time are not compared. Equal scores count one half.

    Args:
        time: (n,) length of follow-up.
        event: (n,) 1 for an event, 0 for censored.
        risk: (n,) higher means an earlier event; any scale.
        level: level of confidence of the interval.

    Raises:
        DataError: as `as_follow`, or no pair is comparable.

    Source: Harrell FE, Lee KL, Mark DB. Stat Med 1996;15:361-387; Therneau T, Watson D. The concordance
        statistic and the Cox model. Mayo Clinic technical report 85, 2015.
    """
    follow = as_follow(time, event)
    return _concordance(follow, _scores(follow, risk), level)[0]


def compare_concordance(
    time: Values, event: Values, first: Values, second: Values, *, level: float = 0.95
) -> ConcordanceComparison:
    """Whether two scores of the same patients differ in C; the same influences give the covariance.

    Raises:
        DataError: as `concordance`, or the C differ without any spread.

    Source: as `concordance`.
    """
    follow = as_follow(time, event)
    one, influence_1 = _concordance(follow, _scores(follow, first), level)
    other, influence_2 = _concordance(follow, _scores(follow, second), level)
    error = math.sqrt(float(((influence_1 - influence_2) ** 2).sum()))
    z, p_value = z_test(one.c - other.c, error, "The difference of C")
    return ConcordanceComparison(one, other, one.c - other.c, error, z, p_value)


def _scores(follow: Follow, risk: Values) -> Float64Array:
    scores = as_sample(risk, least=1, name="The risk scores")
    if scores.size != follow.time.size:
        raise DataError(f"{scores.size} risk scores for {follow.time.size} patients; expected one each.")
    return scores


def _concordance(follow: Follow, scores: Float64Array, level: float) -> tuple[Concordance, Float64Array]:
    """C, and each patient's influence on it: (n,) float64, whose squares add up to the variance."""
    size = scores.size
    won, compared = np.zeros(size), np.zeros(size)  # pairs that a patient is in, by either role
    for patient in np.flatnonzero(follow.event):
        later = (follow.time > follow.time[patient]) | ((follow.time == follow.time[patient]) & ~follow.event)
        wins = 0.5 * (1 + np.sign(scores[patient] - scores)) * later
        won += wins
        won[patient] += wins.sum()
        compared += later
        compared[patient] += later.sum()
    pairs = compared.sum() / 2
    if pairs == 0:
        raise DataError(
            "No two patients of whom it is known who had the event first; expected comparable pairs. "
            "Follow more patients up."
        )
    c = float(won.sum() / 2 / pairs)
    influence: Float64Array = (won - c * compared) / pairs
    error = math.sqrt(float((influence**2).sum()))
    half = normal_quantile(level) * error
    return Concordance(c, error, max(0.0, c - half), min(1.0, c + half), int(pairs)), influence
