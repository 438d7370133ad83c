"""Cox models, fitted by statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.censored import Follow
from cbvsynth.domain.statistics.samples import Float64Array
from cbvsynth.errors import DataError

_STEEPEST = 1e-6
"""Largest slope of the log-likelihood, for standardised covariates, that counts as its top."""
_WIDEST = 50.0
"""Largest standard error of a standardised log hazard ratio; beyond, it has no finite estimate."""


@dataclass(frozen=True, eq=False)
class CoxModel:
    """A fitted model; equal times by Efron."""

    covariates: tuple[str, ...]
    table: Float64Array
    """(n, p) the covariates as given."""
    log_hazards: Float64Array
    """(p,) log of the hazard ratio of one unit more."""
    standard_errors: Float64Array
    """(p,)"""
    log_likelihood: float
    null_log_likelihood: float
    predictor: Float64Array
    """(n,) log of each patient's hazard over that of a patient of mean covariates."""
    baseline: tuple[Float64Array, Float64Array]
    """Times of events (m,) and Breslow's cumulative hazard (m,) of that patient."""

    def risk_by(self, horizon: float) -> Float64Array:
        """(n,) probability of the event by the horizon, from Breslow's cumulative hazard."""
        times, hazard = self.baseline
        reached = np.concatenate([[0.0], hazard])[np.searchsorted(times, horizon, side="right")]
        risk: Float64Array = -np.expm1(-reached * np.exp(self.predictor))
        return risk


@dataclass(frozen=True)
class LikelihoodRatio:
    """Whether the covariates that the larger model adds belong to it."""

    chi_squared: float
    degrees: int
    p_value: float


def fit_cox(follow: Follow, covariates: Mapping[str, Float64Array]) -> CoxModel:
    """Fit a model of these covariates, one at least.

    Covariates are standardised for the fit, whatever their unit, and the estimates are turned back.

    Raises:
        DataError: a covariate that is the same for all patients or follows from the others, fewer events
            than covariates, or one that separates early from late events so that no finite estimate exists.
    """
    names = tuple(covariates)
    table = np.column_stack([covariates[name] for name in names])
    centre, scale = table.mean(axis=0), table.std(axis=0)
    for name, spread in zip(names, scale, strict=True):
        if spread <= 1e-12:
            raise DataError(f"{name} is the same for all {len(table)} patients; leave it out.")
    if follow.event.sum() <= len(names):
        raise DataError(
            f"{int(follow.event.sum())} events for {len(names)} covariates; expected more events. Leave "
            "covariates out."
        )
    standard = (table - centre) / scale
    if np.linalg.matrix_rank(standard) < len(names):
        raise DataError(f"One of {', '.join(names)} follows from the others; leave it out.")
    return _fit(follow, names, standard, centre, scale)


def _fit(
    follow: Follow, names: tuple[str, ...], standard: Float64Array, centre: Float64Array, scale: Float64Array
) -> CoxModel:
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(follow.time, standard, status=follow.event.astype(float), ties="efron")
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what did not converge is told below
            fitted = model.fit(disp=False)
            slope = float(np.abs(model.score(fitted.params)).max())
            errors = np.asarray(fitted.bse, dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise DataError(_unbounded(names)) from error
    if not (slope < _STEEPEST and np.isfinite(errors).all() and errors.max() < _WIDEST):
        raise DataError(_unbounded(names))
    # No event tells more than a covariate of two values, half of the patients each: what is below that is
    # information that ran out of digits.
    least = 2 / (np.ptp(standard, axis=0) * np.sqrt(follow.event.sum()))
    if (errors < least * (1 - 1e-6)).any():
        raise DataError(_unbounded(names))
    log_hazards = np.asarray(fitted.params, dtype=np.float64) / scale
    predictor = np.asarray(standard @ fitted.params, dtype=np.float64)
    return CoxModel(
        covariates=names,
        table=standard * scale + centre,
        log_hazards=log_hazards,
        standard_errors=errors / scale,
        log_likelihood=float(fitted.llf),
        null_log_likelihood=float(model.loglike(np.zeros(len(names)))),
        predictor=predictor,
        baseline=_breslow(follow, predictor),
    )


def _breslow(follow: Follow, predictor: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Times of events (m,) and the cumulative hazard from each on (m,).

    Our own: statsmodels 0.15 gives the hazard from before each time, without its events.

    Source: Breslow NE. J R Stat Soc B 1972;34:216-217.
    """
    times, events = np.unique(follow.time[follow.event], return_counts=True)
    ratio = np.exp(predictor)
    at_risk = np.array([ratio[follow.time >= time].sum() for time in times])
    return times, np.cumsum(events / at_risk)


def _unbounded(names: tuple[str, ...]) -> str:
    return (
        f"The Cox model of {', '.join(names)} has no finite estimate: one of them tells early from late "
        "events without exception, or nearly. Leave it out, or add patients."
    )


def likelihood_ratio(smaller: CoxModel | None, larger: CoxModel) -> LikelihoodRatio:
    """Test the covariates that `larger` has and `smaller` has not; None is the model without any.

    Raises:
        DataError: the smaller model is not a part of the larger one.
    """
    inner = smaller.covariates if smaller else ()
    if not set(inner) < set(larger.covariates):
        raise DataError(
            f"{', '.join(inner)} is not a part of {', '.join(larger.covariates)}; expected nested models."
        )
    before = smaller.log_likelihood if smaller else larger.null_log_likelihood
    statistic = max(0.0, 2 * (larger.log_likelihood - before))
    degrees = len(larger.covariates) - len(inner)
    return LikelihoodRatio(statistic, degrees, float(stats.chi2.sf(statistic, degrees)))
