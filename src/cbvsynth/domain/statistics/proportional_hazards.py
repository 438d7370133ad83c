"""Whether hazards of a Cox model are proportional: a score test for effects that change with time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cbvsynth.domain.statistics.censored import Follow, as_follow
from cbvsynth.domain.statistics.samples import Float64Array, Values
from cbvsynth.errors import DataError

_LEAST_INFORMATION = 1e-9
"""Share of the information on a changing effect that a constant one must leave; less is rounding."""


@dataclass(frozen=True)
class ProportionalityTest:
    """A small p says that the effect changes over time; a large one with few events says little."""

    chi_squared: float
    degrees: int
    p_value: float


def proportionality_tests(
    time: Values, event: Values, covariates: npt.ArrayLike, log_hazards: Values
) -> tuple[ProportionalityTest, ...]:
    """A test of each covariate and, last, of all together, as R's survival::cox.zph has them.

    The score test of adding covariate x g(time) to the model, with g = 1 - Kaplan-Meier; equal times by
    Efron.

    Args:
        time: (n,) length of follow-up.
        event: (n,) 1 for an event, 0 for censored.
        covariates: (n, p).
        log_hazards: (p,) the model's estimates.

    Raises:
        DataError: as `as_follow`, another shape, events at one time only, or too few to tell.

    Source: Grambsch PM, Therneau TM. Biometrika 1994;81:515-526.
    """
    follow = as_follow(time, event)
    table = np.asarray(covariates, dtype=np.float64)
    estimates = np.asarray(log_hazards, dtype=np.float64)
    if table.shape != (follow.time.size, estimates.size) or estimates.size == 0:
        raise DataError(
            f"Covariates of shape {table.shape}; expected ({follow.time.size}, {estimates.size})."
        )
    when, residual, information = _at_events(follow, table, estimates)
    if np.ptp(when) == 0:
        raise DataError("All events are at one time; expected several. Give times with more digits.")
    late = when - when.mean()
    score = late @ residual
    plain, mixed, squared = (
        np.tensordot(weight, information, axes=1) for weight in (np.ones_like(late), late, late**2)
    )
    places = [[one] for one in range(estimates.size)] + [list(range(estimates.size))]
    return tuple(_test(score, plain, mixed, squared, chosen) for chosen in places)


def _at_events(
    follow: Follow, table: Float64Array, estimates: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """For each event: g(time) (m,), Schoenfeld's residual (m, p), variance at risk (m, p, p)."""
    predictor = table @ estimates
    weights = np.exp(predictor - predictor.max())
    when, residuals, information = [], [], []
    survival = 1.0
    for step in np.unique(follow.time[follow.event]):
        at_risk, dying = follow.time >= step, (follow.time == step) & follow.event
        count = int(dying.sum())
        for place in range(count):
            share = weights * at_risk * (1 - place / count * dying)
            share = share / share.sum()
            mean = share @ table
            when.append(1 - survival)
            residuals.append(table[dying].mean(axis=0) - mean)
            information.append((table - mean).T @ ((table - mean) * share[:, np.newaxis]))
        survival *= 1 - count / int(at_risk.sum())
    return np.array(when), np.array(residuals), np.array(information)


def _test(
    score: Float64Array, plain: Float64Array, mixed: Float64Array, squared: Float64Array, chosen: list[int]
) -> ProportionalityTest:
    of_chosen = squared[np.ix_(chosen, chosen)]
    corner = of_chosen - mixed[chosen] @ np.linalg.pinv(plain) @ mixed[chosen].T
    scale = np.sqrt(np.outer(np.diag(of_chosen), np.diag(of_chosen)))
    if not (scale > 0).all() or np.linalg.eigvalsh(corner / scale).min() < _LEAST_INFORMATION:
        raise DataError(
            "The events do not tell whether a hazard ratio changes over time; expected more of them, each "
            "with several patients at risk."
        )
    statistic = float(score[chosen] @ np.linalg.solve(corner, score[chosen]))
    return ProportionalityTest(statistic, len(chosen), float(stats.chi2.sf(statistic, len(chosen))))
