"""Survival with censoring: what is asked of it, Kaplan-Meier curves and the log-rank test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.samples import (
    BoolArray,
    Float64Array,
    Values,
    as_sample,
    as_truth,
    normal_quantile,
)
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Follow:
    """One patient each: how long, and whether that ended with the event or, censored, without it."""

    time: Float64Array
    """(n,) float64, above 0; one unit for all, of the caller's choice."""
    event: BoolArray
    """(n,) whether the event was seen at that time."""


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve: steps at `time`, with pointwise intervals by log(-log S)."""

    ends: tuple[float, ...]
    """Every patient's end of follow-up, ascending."""
    time: tuple[float, ...]
    """The different ones among them."""
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    censored: tuple[tuple[float, float], ...]
    """(time, survival) of those whose follow-up ended without the event."""
    patients: int
    events: int
    median: float
    """First time at which survival is at or below one half; infinite where it never is."""
    median_low: float
    median_high: float


@dataclass(frozen=True)
class LogRank:
    """Whether two groups survive alike: chi squared with one degree of freedom."""

    chi_squared: float
    p_value: float


def as_follow(time: Values, event: Values) -> Follow:
    """Times and events, checked.

    Raises:
        DataError: unequal lengths, NaN, a time that is not above 0, an event that is not 0 or 1, or no
            patient or no event.
    """
    times = as_sample(time, least=1, name="The times")
    if times.min() <= 0:
        raise DataError(
            f"The times hold {times.min():g}; expected all above 0. A patient who was not followed at all "
            "cannot take part; one who died on the first day has half a day."
        )
    events = as_truth(event, length=times.size, least=0)
    if not events.any():
        raise DataError(f"0 events in {times.size} patients; expected some. Follow them up for longer.")
    return Follow(times, events)


def kaplan_meier(time: Values, event: Values, *, level: float = 0.95) -> KaplanMeier:
    """Share of patients without the event over time, of one group.

    Intervals are of log(-log S), which stay within 0 to 1; the interval of the median holds the times at
    which the interval of S has one half in it. A group without an event has a curve at 1.

    Raises:
        DataError: no patient, unequal lengths, NaN, a time that is not above 0, an event not 0 or 1.

    Source: Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481; variance by Greenwood; interval of the
        median: Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.
    """
    times = as_sample(time, least=1, name="The times")
    events = as_truth(event, length=times.size, least=0)
    if events.any():
        as_follow(times, events)
    curve = stats.ecdf(stats.CensoredData(times[events], right=times[~events])).sf
    steps, survival = curve.quantiles, curve.probabilities
    low, high = _interval(times, events, steps, survival, normal_quantile(level))
    censored = sorted({float(one) for one in times[~events]})
    return KaplanMeier(
        ends=_floats(np.sort(times)),
        time=_floats(steps),
        survival=_floats(survival),
        low=_floats(low),
        high=_floats(high),
        censored=tuple((one, float(curve.evaluate(one))) for one in censored),
        patients=times.size,
        events=int(events.sum()),
        median=_first_at_half(steps, survival),
        median_low=_first_at_half(steps, low),
        median_high=_first_at_half(steps, high),
    )


def _interval(
    times: Float64Array, events: BoolArray, steps: Float64Array, survival: Float64Array, quantile: float
) -> tuple[Float64Array, Float64Array]:
    """Greenwood on the scale of log(-log S); at S = 1 there is no spread, at S = 0 it is not defined."""
    at_risk = np.array([(times >= step).sum() for step in steps])
    died = np.array([((times == step) & events).sum() for step in steps])
    inside = (survival > 0) & (survival < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(died / (at_risk * (at_risk - died)))
        half = quantile * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    return np.where(inside, low, survival), np.where(inside, high, survival)


def _first_at_half(steps: Float64Array, curve: Float64Array) -> float:
    below = steps[curve <= 0.5 + 1e-12]
    return float(below[0]) if below.size else math.inf


def _floats(values: Float64Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def log_rank(time: Values, event: Values, upper: Values) -> LogRank:
    """Compare the survival of the patients in `upper` with that of the others.

    Raises:
        DataError: as `as_follow`, a group has no patient, or the groups were followed one after the other.

    Source: Mantel N. Cancer Chemother Rep 1966;50:163-170.
    """
    follow = as_follow(time, event)
    group = as_truth(upper, length=follow.time.size, least=1)
    first, second = (
        stats.CensoredData(follow.time[chosen & follow.event], right=follow.time[chosen & ~follow.event])
        for chosen in (group, ~group)
    )
    with np.errstate(invalid="ignore"):
        found = stats.logrank(first, second)
    if not np.isfinite(found.statistic):
        raise DataError(
            "At no event were patients of both groups still followed; expected a time at which they can be "
            "compared. Follow more patients up."
        )
    return LogRank(float(found.statistic) ** 2, float(found.pvalue))
