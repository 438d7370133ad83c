"""Agreement of readers: Cohen's kappa for categories, r_wg for points on a scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.statistics.samples import Float64Array, Values, as_pairs, normal_quantile
from cbvsynth.errors import DataError

BANDS = ((0.9, "very good"), (0.7, "good"), (0.5, "fair"))
"""Lowest value of each word, for kappa and r_wg; what lies below is poor. Source: the paper."""


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa with a normal interval, clipped to -1 to 1."""

    kappa: float
    standard_error: float
    low: float
    high: float
    observed: float
    expected: float
    cases: int


def cohen_kappa(table: npt.ArrayLike, *, level: float = 0.95) -> Kappa:
    """Unweighted kappa of two readers, from their table of counts.

    The standard error is the large-sample one that holds whatever kappa is, not the one for kappa = 0.

    Args:
        table: (k, k) counts; rows are the first reader's categories, columns the second's.
        level: level of confidence of the interval.

    Raises:
        DataError: not a square table of whole, non-negative counts; no case; or both readers put every
            case into one category, where chance alone would agree.

    Source: Cohen J. Educ Psychol Meas 1960;20:37-46; Fleiss JL, Cohen J, Everitt BS. Psychol Bull
        1969;72:323-327.
    """
    counts = _counts(table)
    cases = float(counts.sum())
    shares = counts / cases
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(rows @ columns)
    if expected >= 1:
        raise DataError(
            "Both readers put every case into one category; expected at least two in use, or kappa has no "
            "meaning. Report the share of agreement."
        )
    kappa = (observed - expected) / (1 - expected)
    agreeing = np.diag(shares) * ((1 - expected) - (rows + columns) * (1 - observed)) ** 2
    apart = shares * (columns[:, None] + rows[None, :]) ** 2
    spread = (
        float(agreeing.sum())
        + (1 - observed) ** 2 * float(apart.sum() - np.trace(apart))
        - (observed * expected - 2 * expected + observed) ** 2
    )
    standard_error = math.sqrt(max(0.0, spread) / cases) / (1 - expected) ** 2
    half = normal_quantile(level) * standard_error
    return Kappa(
        kappa=kappa,
        standard_error=standard_error,
        low=max(-1.0, kappa - half),
        high=min(1.0, kappa + half),
        observed=observed,
        expected=expected,
        cases=int(cases),
    )


def rating_table(first: Values, second: Values) -> npt.NDArray[np.int64]:
    """Counts of each pair of ratings: (k, k), rows the first reader's, over all ratings in use, sorted.

    Raises:
        DataError: no rating, unequal lengths, or NaN.
    """
    one, other = as_pairs(first, second, least=1)
    used, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
    table = np.zeros((used.size, used.size), dtype=np.int64)
    np.add.at(table, (codes[: one.size], codes[one.size :]), 1)
    return table


def r_wg(ratings: npt.ArrayLike, *, points: int) -> Float64Array:
    """Within-group agreement of the readers on each item: 1 - s^2 / sigma_E^2, negatives set to 0.

    s^2 is the readers' sample variance (divisor readers - 1), sigma_E^2 = (points^2 - 1) / 12 that of
    readers who draw from the scale at random.

    Args:
        ratings: (items, readers) whole numbers on a scale of `points` steps, wherever it starts.
        points: number of points of the scale.

    Returns:
        (items,) float64, 0 to 1.

    Raises:
        DataError: no item, fewer than two readers, not whole numbers, or a range wider than the scale.

    Source: James LR, Demaree RG, Wolf G. J Appl Psychol 1984;69:85-98.
    """
    variances = _reader_variances(ratings, points)
    return np.maximum(0.0, 1.0 - variances / _random_variance(points))


def r_wg_j(ratings: npt.ArrayLike, *, points: int) -> float:
    """Within-group agreement over J parallel items taken together, negatives set to 0.

    J (1 - v) / (J (1 - v) + v), with v the mean over items of s^2 / sigma_E^2.

    Args:
        ratings: (J items, readers) whole numbers on a scale of `points` steps, wherever it starts.
        points: number of points of the scale.

    Raises:
        DataError: as `r_wg`.

    Source: as `r_wg`.
    """
    variances = _reader_variances(ratings, points)
    share = float(variances.mean()) / _random_variance(points)
    if share >= 1:
        return 0.0
    agreeing = variances.size * (1 - share)
    return agreeing / (agreeing + share)


def agreement_band(value: float) -> str:
    """The word for a value of kappa or r_wg as it is printed, with two digits: very good to poor."""
    return next((word for least, word in BANDS if round(value, 2) >= least), "poor")


def _random_variance(points: int) -> float:
    return (points**2 - 1) / 12


def _counts(table: npt.ArrayLike) -> Float64Array:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise DataError(f"The table has shape {counts.shape}; expected as many rows as columns.")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.round(counts)).any():
        raise DataError("The table holds something else than counts; expected whole numbers, 0 or more.")
    if counts.sum() == 0:
        raise DataError("The table holds no case; expected at least one.")
    return counts


def _reader_variances(ratings: npt.ArrayLike, points: int) -> Float64Array:
    if points < 2:
        raise DataError(f"A scale of {points} points; expected at least 2.")
    values = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 1 or values.shape[1] < 2:
        raise DataError(
            f"The ratings have shape {values.shape}; expected (items, readers) with at least one item and "
            "two readers."
        )
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        raise DataError("A rating is missing or not a whole number; expected points of the scale.")
    if np.ptp(values) > points - 1:
        raise DataError(
            f"The ratings go from {values.min():g} to {values.max():g}; expected a scale of {points} points."
        )
    variances: Float64Array = values.var(axis=1, ddof=1)
    return variances
