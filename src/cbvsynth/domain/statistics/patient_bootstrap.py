"""How sure a measure of agreement is, by drawing the patients again: bias, slope, concordance, ratio, area.

A resample is a row of weights: how often each examination's patient was drawn. Every measure is a function of
weighted moments, so that all resamples are one product of matrices, and so that the same resamples serve
every measure and every model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cbvsynth.domain.statistics.samples import BoolArray, Float64Array, check_level

Measure: TypeAlias = Callable[[Float64Array, Float64Array, Float64Array], Float64Array]
"""Weights (S, n), reference (n,), measured (n,) -> (S,)."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """A measure on the sample itself, its percentile interval, and its value in every resample."""

    found: float
    low: float
    high: float
    draws: Float64Array


def patient_weights(patients: Sequence[str], samples: int, rng: np.random.Generator) -> Float64Array:
    """Weights of the examinations in each resample of whole patients, (samples, examinations).

    A drawn patient brings all examinations along. One patient alone is drawn as he is.
    """
    _, group = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    count = int(group.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=samples)
    return drawn[:, group].astype(np.float64)


def resampled(
    measure: Measure, weights: Float64Array, reference: Float64Array, measured: Float64Array, level: float
) -> Resampled:
    """A measure with its percentile interval.

    Resamples in which it has no value, as a slope without any spread of the reference, are left out of the
    interval. NaN in the values gives NaN throughout.

    Args:
        measure: one of this module's.
        weights: (S, n), of `patient_weights`.
        reference: (n,) real values.
        measured: (n,) synthetic values.
        level: level of confidence; 0.9 where each limit is a one-sided test at 5 %.

    Raises:
        DataError: the level is not between 0 and 1.
    """
    check_level(level)
    found = float(measure(np.ones((1, reference.size)), reference, measured)[0])
    draws = measure(weights, reference, measured)
    known = draws[np.isfinite(draws)]
    if not np.isfinite(found) or not known.size:
        return Resampled(found, np.nan, np.nan, draws)
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
    return Resampled(found, float(low), float(high), draws)


def bias(weights: Float64Array, reference: Float64Array, measured: Float64Array) -> Float64Array:
    """Mean of measured - reference."""
    return _mean(weights, measured - reference)


def mean_of_measured(weights: Float64Array, reference: Float64Array, measured: Float64Array) -> Float64Array:
    """Mean of measured; the reference is not looked at."""
    del reference
    return _mean(weights, measured)


def ratio(weights: Float64Array, reference: Float64Array, measured: Float64Array) -> Float64Array:
    """Mean of measured over mean of reference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Float64Array = _mean(weights, measured) / _mean(weights, reference)
    return quotient


def slope(weights: Float64Array, reference: Float64Array, measured: Float64Array) -> Float64Array:
    """Slope of the least-squares line of measured on reference; 1 where the map follows the truth."""
    _, _, variance, _, covariance = _moments(weights, reference, measured)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, covariance / variance, np.nan)


def concordance(weights: Float64Array, reference: Float64Array, measured: Float64Array) -> Float64Array:
    """Lin's concordance correlation, with the divisor n.

    Source: Lin LI. Biometrics 1989;45:255-268.
    """
    mean_x, mean_y, variance_x, variance_y, covariance = _moments(weights, reference, measured)
    spread = variance_x + variance_y + (mean_x - mean_y) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, 2 * covariance / spread, np.nan)


def area_under_roc(weights: Float64Array, events: BoolArray, scores: Float64Array) -> Float64Array:
    """Area under the ROC curve in every resample, (S,); ties count one half.

    Args:
        weights: (S, n).
        events: (n,) bool.
        scores: (n,), higher means more likely an event.
    """
    above = np.sign(scores[events][:, None] - scores[~events][None, :]) / 2 + 0.5
    of_events, of_others = weights[:, events], weights[:, ~events]
    with np.errstate(divide="ignore", invalid="ignore"):
        area: Float64Array = ((of_events @ above) * of_others).sum(axis=1) / (
            of_events.sum(axis=1) * of_others.sum(axis=1)
        )
    return area


def _mean(weights: Float64Array, values: Float64Array) -> Float64Array:
    mean: Float64Array = (weights @ values) / weights.sum(axis=1)
    return mean


def _moments(
    weights: Float64Array, reference: Float64Array, measured: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]:
    """Means, variances (divisor n) and covariance; centred first, so that nothing cancels."""
    centre_x, centre_y = reference.mean(), measured.mean()
    x, y = reference - centre_x, measured - centre_y
    mean_x, mean_y = _mean(weights, x), _mean(weights, y)
    variance_x = _mean(weights, x * x) - mean_x**2
    variance_y = _mean(weights, y * y) - mean_y**2
    covariance = _mean(weights, x * y) - mean_x * mean_y
    tiny = 1e-12 * max(float((x * x).mean()), float(centre_x**2), 1e-300)
    return (
        centre_x + mean_x,
        centre_y + mean_y,
        np.where(variance_x > tiny, variance_x, 0.0),
        variance_y,
        covariance,
    )
