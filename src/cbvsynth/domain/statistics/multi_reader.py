"""Several readers, two ways of reading: does the mean area under the ROC curve differ (Obuchowski-Rockette)?

A test of each reader speaks of that reader. This one speaks of the mean of all, and in its first form of
readers like them: it holds how much readers differ among themselves as well as what is due to the cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from cbvsynth.domain.options import CovarianceMethod
from cbvsynth.domain.statistics.roc import placements
from cbvsynth.domain.statistics.samples import Float64Array, Values, as_truth, check_level
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class ErrorCovariances:
    """Variance of an area due to the cases, and covariances of two areas of the same cases."""

    variance: float
    same_reader: float
    """Cov1: one reader, the two ways of reading."""
    same_reading: float
    """Cov2: two readers, one way of reading."""
    neither: float
    """Cov3: two readers, one in each way of reading."""


@dataclass(frozen=True)
class MultiReaderTest:
    """Difference of the mean areas, second way of reading minus first, with its test."""

    difference: float
    low: float
    high: float
    statistic: float
    """F with 1 and `degrees` degrees of freedom."""
    degrees: float
    """Hillis's; infinite where readers are taken as fixed, whose statistic is then a chi squared."""
    p_value: float


@dataclass(frozen=True)
class MultiReader:
    """Both tests, with what they rest on."""

    readers: int
    cases: int
    first_mean: float
    second_mean: float
    covariances: ErrorCovariances
    interaction: float
    """Variance between readers of what the second way of reading adds, beyond what is due to the cases. Below
    0, readers happened to differ less than the cases alone let expect, and the test of random readers is then
    too sure of itself."""
    random_readers: MultiReaderTest
    """Speaks of readers and cases like these."""
    fixed_readers: MultiReaderTest
    """Speaks of these readers only, and cases like these."""
    method: CovarianceMethod = CovarianceMethod.DELONG


def multi_reader(
    truth: Values,
    scores: npt.ArrayLike,
    *,
    level: float = 0.95,
    method: CovarianceMethod = CovarianceMethod.DELONG,
) -> MultiReader:
    """Compare two ways of reading by readers who all read the same cases in both.

    Args:
        truth: (cases,) 1 for an event, 0 for a non-event.
        scores: (2, readers, cases) higher means more likely an event.
        level: level of confidence of the intervals.
        method: of the covariances; the jackknife leaves each case out once.

    Raises:
        DataError: another shape, fewer than two readers, fewer than two events or non-events, NaN, or areas
            that differ without any spread.

    Source: Obuchowski NA, Rockette HE. Commun Stat Simul Comput 1995;24:285-308; degrees of freedom: Hillis
        SL. Stat Med 2007;26:596-619; covariances: DeLong ER et al. Biometrics 1988;44:837-845, and Efron B,
        Stein C. Ann Stat 1981;9:586-596.
    """
    read = np.asarray(scores, dtype=np.float64)
    if read.ndim != 3 or read.shape[0] != 2 or read.shape[1] < 2:
        raise DataError(
            f"The scores have shape {read.shape}; expected (2, readers, cases) with two readers at least."
        )
    if not np.isfinite(read).all():
        raise DataError("A score is NaN or infinite; every reader must have read every case.")
    events = as_truth(truth, length=read.shape[2], least=2)
    both = [placements(events, one) for one in read.reshape(-1, read.shape[2])]
    areas = np.array([of_events.mean() for of_events, _ in both]).reshape(2, -1)
    covariance = _delong(both) if method is CovarianceMethod.DELONG else _jackknife(both)
    shared = _error_covariances(covariance, read.shape[1])
    return replace(obuchowski_rockette(areas, shared, cases=read.shape[2], level=level), method=method)


Placements = list[tuple[Float64Array, Float64Array]]
"""Of events and of non-events, by curve."""


def _delong(both: Placements) -> Float64Array:
    """Covariances of the areas, (curves, curves)."""
    of_groups = [np.cov([kind[group] for kind in both]) / both[0][group].size for group in (0, 1)]
    return np.asarray(of_groups[0] + of_groups[1])


def _jackknife(both: Placements) -> Float64Array:
    """The same from the areas without one case each: an event's placement knows nothing of other events."""
    left_out = [
        np.concatenate([(group.sum() - group) / (group.size - 1) for group in groups]) for groups in both
    ]
    cases = left_out[0].size
    return np.asarray(np.cov(left_out) * ((cases - 1) ** 2 / cases))


def obuchowski_rockette(
    areas: npt.ArrayLike, covariances: ErrorCovariances, *, cases: int, level: float = 0.95
) -> MultiReader:
    """The tests, from each reader's areas and the covariances of their errors.

    Args:
        areas: (2, readers).
        covariances: of the areas' errors.
        cases: how many were read; told, not used.
        level: level of confidence of the intervals.

    Raises:
        DataError: means that differ without any spread.

    Source: as `multi_reader`.
    """
    check_level(level)
    table: Float64Array = np.asarray(areas, dtype=np.float64)
    readers = table.shape[1]
    means = table.mean(axis=1)
    change = table[1] - table[0]
    interaction = float(change.var(ddof=1)) / 2  # mean square of reader x way of reading
    between = readers * max(0.0, covariances.same_reading - covariances.neither)
    spread = interaction + between
    # Readers who gain alike differ by rounding only.
    degrees = (readers - 1) * (spread / interaction) ** 2 if interaction > 1e-20 else math.inf
    fixed = (
        covariances.variance
        - covariances.same_reader
        + (readers - 1) * max(0.0, covariances.same_reading - covariances.neither)
    )
    difference = float(means[1] - means[0])
    return MultiReader(
        readers=readers,
        cases=cases,
        first_mean=float(means[0]),
        second_mean=float(means[1]),
        covariances=covariances,
        interaction=interaction
        - (covariances.variance - covariances.same_reader)
        + max(0.0, covariances.same_reading - covariances.neither),
        random_readers=_test(difference, 2 * spread / readers, degrees, level),
        fixed_readers=_test(difference, 2 * fixed / readers, math.inf, level),
    )


def _test(difference: float, variance: float, degrees: float, level: float) -> MultiReaderTest:
    if variance < 1e-20:
        if abs(difference) < 1e-12:
            return MultiReaderTest(0.0, 0.0, 0.0, 0.0, degrees, 1.0)
        raise DataError(
            f"The mean areas differ by {difference:g} without any spread; expected some to test against. "
            "Report the areas without a test, or let more cases be read."
        )
    t = difference / math.sqrt(variance)
    half = float(stats.t.ppf(0.5 + level / 2, degrees)) * math.sqrt(variance)
    p_value = float(2 * stats.t.sf(abs(t), degrees))
    return MultiReaderTest(difference, difference - half, difference + half, t**2, degrees, p_value)


def _error_covariances(covariance: Float64Array, readers: int) -> ErrorCovariances:
    """Means over the (2 x readers, 2 x readers) covariances of the areas, first way of reading first."""
    blocks = covariance.reshape(2, readers, 2, readers).transpose(0, 2, 1, 3)
    same, other = (blocks[0, 0] + blocks[1, 1]) / 2, (blocks[0, 1] + blocks[1, 0]) / 2
    apart = ~np.eye(readers, dtype=bool)
    return ErrorCovariances(
        variance=float(np.diag(same).mean()),
        same_reader=float(np.diag(other).mean()),
        same_reading=float(same[apart].mean()),
        neither=float(other[apart].mean()),
    )
