"""Bland and Altman's limits of agreement between two measurements of the same thing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.samples import Values, as_pairs, normal_quantile


@dataclass(frozen=True)
class Interval:
    """An estimate between its confidence limits."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class BlandAltman:
    """Bias (mean of measured - reference) and the limits that hold 95 % of the differences."""

    bias: Interval
    lower_limit: Interval
    upper_limit: Interval
    sd: float
    pairs: int


def bland_altman(reference: Values, measured: Values, *, level: float = 0.95) -> BlandAltman:
    """Limits of agreement, bias -+ z sd, with confidence intervals.

    z is the normal quantile of `level` (1.96 for 0.95), which is both the share of differences between
    the limits and the confidence of the intervals. The interval of the bias is Student's; those of the
    limits use the variance sd^2 (1 / n + z^2 / (2 (n - 1))) with the same t quantile. The sample sd has
    the divisor n - 1. Differences are taken as independent: of a patient's several examinations, give
    the mean or one.

    Raises:
        DataError: fewer than two pairs, unequal lengths, or NaN.

    Source: Bland JM, Altman DG. Lancet 1986;327:307-310, and Stat Methods Med Res 1999;8:135-160.
    """
    z = normal_quantile(level)
    reference_values, measured_values = as_pairs(reference, measured, least=2)
    differences = measured_values - reference_values
    n = differences.size
    bias, sd = float(differences.mean()), float(np.std(differences, ddof=1))
    t = float(stats.t.ppf(0.5 + level / 2, n - 1))
    half_bias = t * sd / math.sqrt(n)
    half_limit = t * sd * math.sqrt(1 / n + z**2 / (2 * (n - 1)))
    lower, upper = bias - z * sd, bias + z * sd
    return BlandAltman(
        bias=Interval(bias, bias - half_bias, bias + half_bias),
        lower_limit=Interval(lower, lower - half_limit, lower + half_limit),
        upper_limit=Interval(upper, upper - half_limit, upper + half_limit),
        sd=sd,
        pairs=n,
    )
