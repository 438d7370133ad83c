"""Discrimination at a horizon under censoring: area under the time-dependent ROC curve, NRI and IDI.

At a horizon, cases are those whose event came by then and controls those who were followed beyond it. Who
was censored before is neither; the cases are weighted by the inverse of the chance of not having been
censored before their event, estimated by Kaplan-Meier, so that they stand for the lost ones. Standard
errors are of influence functions and hold what is uncertain about those weights.

Censoring must not depend on the score: weights are the same for all patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.statistics.censored import Follow, as_follow
from cbvsynth.domain.statistics.samples import (
    BoolArray,
    Float64Array,
    Values,
    as_probabilities,
    as_sample,
    normal_quantile,
    z_test,
)
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class HorizonAuc:
    """Probability that a case scores higher than a control; interval clipped to 0-1."""

    auc: float
    standard_error: float
    low: float
    high: float
    cases: int
    controls: int


@dataclass(frozen=True)
class HorizonDifference:
    """Second minus first at the horizon; p is two-sided."""

    difference: float
    standard_error: float
    z: float
    p_value: float


@dataclass(frozen=True)
class HorizonReclassification:
    """Category-free NRI (-2 to 2) with its parts, and IDI, of a second risk over a first one."""

    nri: HorizonDifference
    nri_cases: float
    nri_controls: float
    idi: HorizonDifference


@dataclass(frozen=True)
class _Groups:
    """Shares that add up to 1 over the cases and over the controls, and how censoring sways the former."""

    cases: Float64Array
    controls: Float64Array
    martingale: Float64Array
    """(n, n): how much patient i's follow-up adds to the relative weight of case k, at [i, k]."""

    def influence(self, of_cases: Float64Array, of_controls: Float64Array) -> Float64Array:
        """(n,) influences on mean(of_cases) + mean(of_controls), where either is 0 outside its group."""
        cases = self.cases * (of_cases - (self.cases * of_cases).sum())
        controls = self.controls * (of_controls - (self.controls * of_controls).sum())
        found: Float64Array = cases + controls + self.martingale @ cases
        return found


def horizon_auc(
    time: Values, event: Values, risk: Values, horizon: float, *, level: float = 0.95
) -> HorizonAuc:
    """Area under the cumulative, dynamic ROC curve at the horizon, as R's timeROC has it.

    Args:
        time: (n,) length of follow-up.
        event: (n,) 1 for an event, 0 for censored.
        risk: (n,) higher means an earlier event; any scale.
        horizon: when, in the unit of `time`.
        level: level of confidence of the interval.

    Raises:
        DataError: as `as_follow`, another number of scores, or fewer than two cases or controls.

    Source: Uno H et al. J Am Stat Assoc 2007;102:527-537; variance: Blanche P, Dartigues JF,
        Jacqmin-Gadda H. Stat Med 2013;32:5381-5397.
    """
    groups = _groups(as_follow(time, event), horizon)
    area, influence = _area(groups, _scores(groups, risk))
    error = _standard_error(influence)
    half = normal_quantile(level) * error
    found = tuple(int((share > 0).sum()) for share in (groups.cases, groups.controls))
    return HorizonAuc(area, error, max(0.0, area - half), min(1.0, area + half), *found)


def compare_horizon_auc(
    time: Values, event: Values, first: Values, second: Values, horizon: float
) -> HorizonDifference:
    """Whether the second score of the same patients has another area at the horizon than the first.

    Raises:
        DataError: as `horizon_auc`, or areas that differ without any spread.

    Source: as `horizon_auc`.
    """
    groups = _groups(as_follow(time, event), horizon)
    (one, influence_1), (other, influence_2) = (
        _area(groups, _scores(groups, risk)) for risk in (first, second)
    )
    return _difference(other - one, influence_2 - influence_1, "The difference of the areas")


def horizon_reclassification(
    time: Values, event: Values, first: Values, second: Values, horizon: float
) -> HorizonReclassification:
    """Category-free NRI and IDI of the second risk over the first.

    Args:
        time: (n,) length of follow-up.
        event: (n,) 1 for an event, 0 for censored.
        first: (n,) probability of the event by the horizon, without the new information.
        second: (n,) the same with it.
        horizon: when, in the unit of `time`.

    Raises:
        DataError: as `horizon_auc`, a probability outside 0-1, or an improvement without any spread.

    Source: Pencina MJ, D'Agostino RB, Steyerberg EW. Stat Med 2011;30:11-21; weights for censoring:
        Uno H, Tian L, Cai T, Kohane IS, Wei LJ. Stat Med 2013;32:2430-2442.
    """
    groups = _groups(as_follow(time, event), horizon)
    before, after = (
        as_probabilities(_scores(groups, risk), name=f"The {name} risks")
        for risk, name in ((first, "first"), (second, "second"))
    )
    rise = np.sign(after - before)
    cases, controls = float((groups.cases * rise).sum()), -float((groups.controls * rise).sum())
    moved = float(((groups.cases - groups.controls) * (after - before)).sum())
    change = after - before
    return HorizonReclassification(
        nri=_difference(cases + controls, groups.influence(rise, -rise), "The NRI"),
        nri_cases=cases,
        nri_controls=controls,
        idi=_difference(moved, groups.influence(change, -change), "The IDI"),
    )


def _scores(groups: _Groups, risk: Values) -> Float64Array:
    scores = as_sample(risk, least=1, name="The risks")
    if scores.size != groups.cases.size:
        raise DataError(f"{scores.size} risks for {groups.cases.size} patients; expected one each.")
    return scores


def _difference(value: float, influence: Float64Array, name: str) -> HorizonDifference:
    error = _standard_error(influence)
    return HorizonDifference(value, error, *z_test(value, error, name))


def _standard_error(influence: Float64Array) -> float:
    """Of a sum of so many influences; their mean is 0."""
    return math.sqrt(float((influence**2).sum()) * influence.size / (influence.size - 1))


def _area(groups: _Groups, scores: Float64Array) -> tuple[float, Float64Array]:
    wins = 0.5 * (1 + np.sign(scores[:, np.newaxis] - scores[np.newaxis, :]))
    of_cases, of_controls = wins @ groups.controls, groups.cases @ wins
    area = min(1.0, float((groups.cases * of_cases).sum()))
    return area, groups.influence(of_cases, of_controls)


def _groups(follow: Follow, horizon: float) -> _Groups:
    cases = follow.event & (follow.time <= horizon)
    controls = follow.time > horizon
    if min(cases.sum(), controls.sum()) < 2:
        raise DataError(
            f"At {horizon:g} there are {cases.sum()} patients with the event and {controls.sum()} followed "
            "beyond; expected two of each at least. Choose another horizon, or follow more patients up."
        )
    weights = np.zeros(follow.time.size)
    weights[cases] = 1 / _uncensored_before(follow)[cases]
    return _Groups(weights / weights.sum(), controls / controls.sum(), _censoring_martingale(follow))


def _censorings(follow: Follow) -> tuple[Float64Array, BoolArray, Float64Array, Float64Array]:
    """Times of censoring (m,); who is at risk of it then (n, m); how many are (m,); who is censored (n, m).

    An event comes before a censoring at the same time: who has it then, is at risk of censoring no more.
    """
    times = np.unique(follow.time[~follow.event])
    all_times, events = follow.time[:, np.newaxis], follow.event[:, np.newaxis]
    at_risk: BoolArray = (all_times > times) | ((all_times == times) & ~events)
    censored = ((all_times == times) & ~events).astype(np.float64)
    return times, at_risk, at_risk.sum(axis=0).astype(np.float64), censored


def _uncensored_before(follow: Follow) -> Float64Array:
    """(n,) Kaplan-Meier's chance of not being censored before each patient's time; above 0 for events."""
    times, _, count, censored = _censorings(follow)
    chance = np.concatenate([[1.0], np.cumprod(1 - censored.sum(axis=0) / count)])
    found: Float64Array = chance[np.searchsorted(times, follow.time, side="left")]
    return found


def _censoring_martingale(follow: Follow) -> Float64Array:
    """(n, n): the integral of dM_i / Y up to before the time of k, at [i, k].

    M_i is patient i's martingale of censoring and Y the number at risk of it.
    """
    times, at_risk, count, censored = _censorings(follow)
    steps = (censored - at_risk * censored.sum(axis=0) / count) / count
    before: Float64Array = steps @ (times[:, np.newaxis] < follow.time).astype(np.float64)
    return before
