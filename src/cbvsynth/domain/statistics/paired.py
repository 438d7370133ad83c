"""Two models, or two measurements, on the same examinations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.samples import Float64Array, Values, as_pairs, as_sample, check_level
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError

_NO_SPREAD = 1e-12
"""Differences whose range is this small a part of their mean differ by rounding only."""
_ROUNDING = 1e-12
"""Of two differences that are apart by so small a part of the values, neither is the larger."""


class Alternative(StrEnum):
    """What is claimed of first minus second."""

    TWO_SIDED = "two-sided"
    GREATER = "greater"
    LESS = "less"


@dataclass(frozen=True)
class PairedT:
    """Paired t test. The interval of the mean difference is two-sided whatever the alternative."""

    mean_difference: float
    low: float
    high: float
    t: float
    p_value: float
    degrees_of_freedom: int
    alternative: Alternative


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon's signed-rank test. `zeros` pairs were equal and left out of the `pairs` ranked."""

    median_difference: float
    positive_rank_sum: float
    p_value: float
    pairs: int
    zeros: int
    alternative: Alternative


def paired_t(
    first: Values,
    second: Values,
    *,
    alternative: Alternative = Alternative.TWO_SIDED,
    level: float = 0.95,
) -> PairedT:
    """Student's t test of the differences first - second.

    Differences that are all 0 are no evidence of anything: t = 0, p = 1, whatever the alternative.

    Raises:
        DataError: fewer than two pairs, unequal lengths, NaN, or differences without any spread around
            a mean other than 0.
    """
    check_level(level)
    one, other = as_pairs(first, second, least=2)
    differences = one - other
    mean = float(differences.mean())
    freedom = differences.size - 1
    if not differences.any():
        return PairedT(0.0, 0.0, 0.0, 0.0, 1.0, freedom, alternative)
    if float(np.ptp(differences)) <= _NO_SPREAD * abs(mean):
        raise DataError(
            f"All {differences.size} differences are {mean:g}; expected some spread to test against. "
            "Use the signed-rank test, or report the difference without a test."
        )
    result = stats.ttest_rel(one, other, alternative=alternative.value)
    interval = stats.ttest_rel(one, other).confidence_interval(level)
    return PairedT(
        mean_difference=mean,
        low=float(interval.low),
        high=float(interval.high),
        t=float(result.statistic),
        p_value=float(result.pvalue),
        degrees_of_freedom=freedom,
        alternative=alternative,
    )


def wilcoxon_signed_rank(
    first: Values, second: Values, *, alternative: Alternative = Alternative.TWO_SIDED
) -> SignedRank:
    """Wilcoxon's signed-rank test of the differences first - second.

    Equal pairs are left out (Wilcoxon's own rule); tied differences share their mean rank, those too that
    differ by rounding only, as thirds of whole numbers do. The p value
    is exact for up to 50 different differences, and for up to 13 when some are tied; beyond, it is the
    normal approximation with the correction for ties and without one for continuity. When all pairs are
    equal, p = 1 whatever the alternative.

    Raises:
        DataError: no pair, unequal lengths, or NaN.

    Source: Wilcoxon F. Biometrics Bull 1945;1:80-83; computed by scipy.stats.wilcoxon.
    """
    one, other = as_pairs(first, second, least=1)
    differences = one - other
    ranked = _without_rounding(differences, one, other)
    moved = ranked[ranked != 0]
    p_value, rank_sum = 1.0, 0.0
    if moved.size:
        ranks = stats.rankdata(np.abs(moved))
        rank_sum = math.fsum(ranks[moved > 0])
        p_value = float(stats.wilcoxon(moved, alternative=alternative.value).pvalue)
    return SignedRank(
        median_difference=float(np.median(differences)),
        positive_rank_sum=rank_sum,
        p_value=p_value,
        pairs=int(moved.size),
        zeros=int(differences.size - moved.size),
        alternative=alternative,
    )


def _without_rounding(differences: Float64Array, *values: Float64Array) -> Float64Array:
    step = _ROUNDING * max(float(np.abs(one).max()) for one in values)
    rounded: Float64Array = np.round(differences / step) * step if step > 0 else differences
    return rounded


def mean_by_patient(values: Values, patients: Sequence[str]) -> Float64Array:
    """One value per patient: the mean over the patient's examinations, patients in sorted order.

    Examinations of one patient are not independent; a test over examinations would count them as if
    they were. Paired differences may be averaged before or after the subtraction.

    Raises:
        DataError: no value, a NaN, or not one patient per value.
    """
    sample = as_sample(values, least=1)
    if len(patients) != sample.size:
        raise DataError(
            f"{counted(len(patients), 'patient')} for {counted(sample.size, 'value')}; expected one "
            "patient per value."
        )
    _, group = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    # From the first value of each on, so that the mean of equal values is that value: no sum is rounded.
    _, first = np.unique(group, return_index=True)
    start = sample[first]
    means: Float64Array = start + np.bincount(group, weights=sample - start[group]) / np.bincount(group)
    return means
