"""What every statistic asks of its input, checked in one place."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from cbvsynth.errors import DataError

Values: TypeAlias = npt.ArrayLike
Float64Array: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

_ROUNDING = 1e-12


def as_sample(values: Values, *, least: int, name: str = "The sample") -> Float64Array:
    """The values as (n,) float64, n >= least.

    Raises:
        DataError: not one-dimensional, not numbers, NaN or infinite, or too few.
    """
    try:
        sample = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds values that are not numbers; expected numbers only.") from error
    if sample.ndim != 1:
        raise DataError(f"{name} has {sample.ndim} axes; expected one. Give a flat list of values.")
    if sample.size < least:
        raise DataError(f"{name} has {sample.size} values; expected at least {least}. Collect more data.")
    bad = int(np.count_nonzero(~np.isfinite(sample)))
    if bad:
        raise DataError(
            f"{name} has {bad} of {sample.size} values that are NaN or infinite; expected finite values. "
            "Leave these examinations out, and say so."
        )
    return sample


def as_pairs(first: Values, second: Values, *, least: int) -> tuple[Float64Array, Float64Array]:
    """Two samples of equal length.

    Raises:
        DataError: as `as_sample`, or the lengths differ.
    """
    one = as_sample(first, least=0, name="The first sample")
    other = as_sample(second, least=0, name="The second sample")
    if one.size != other.size:
        raise DataError(
            f"The samples have {one.size} and {other.size} values; expected pairs. "
            "Keep the examinations that both have, in the same order."
        )
    if one.size < least:
        raise DataError(f"{one.size} pairs; expected at least {least}. Collect more data.")
    return one, other


def as_truth(truth: Values, *, length: int, least: int) -> BoolArray:
    """Events (1 or True) and non-events (0 or False), at least so many of each.

    Raises:
        DataError: other values, another length, or too few of either.
    """
    given = as_sample(truth, least=0, name="The truth")
    if given.size != length:
        raise DataError(f"The truth has {given.size} values for {length} scores; expected one each.")
    if not np.isin(given, (0.0, 1.0)).all():
        others = sorted(set(given.tolist()) - {0.0, 1.0})
        raise DataError(f"The truth holds {others[0]:g}; expected 0 for a non-event and 1 for an event.")
    events: BoolArray = np.asarray(given == 1.0)
    found = (int(events.sum()), int((~events).sum()))
    if min(found) < least:
        raise DataError(
            f"{found[0]} events and {found[1]} non-events; expected at least {least} of each. "
            "A statistic of discrimination needs both."
        )
    return events


def as_probabilities(values: Values, *, name: str) -> Float64Array:
    """Values between 0 and 1.

    Raises:
        DataError: as `as_sample`, or a value outside.
    """
    sample = as_sample(values, least=1, name=name)
    if sample.min() < 0 or sample.max() > 1:
        worst = sample.min() if sample.min() < 0 else sample.max()
        raise DataError(f"{name} holds {worst:g}; expected values between 0 and 1.")
    return sample


def normal_quantile(level: float) -> float:
    """The z such that a normal value lies within +-z sd with probability `level`; 1.96 for 0.95.

    Raises:
        DataError: the level is not between 0 and 1.
    """
    check_level(level)
    return float(norm.ppf(0.5 + level / 2))


def check_level(level: float) -> None:
    """Refuse a confidence level outside 0 to 1.

    Raises:
        DataError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DataError(f"The level of confidence is {level}; expected a number between 0 and 1, as 0.95.")


def z_test(estimate: float, standard_error: float, name: str) -> tuple[float, float]:
    """The z and its two-sided p value; no effect without any spread is z = 0, p = 1.

    For estimates on a scale of about 1, where 1e-12 is rounding.

    Raises:
        DataError: an effect without any spread, of which no test can be made.
    """
    if standard_error < _ROUNDING:
        if abs(estimate) < _ROUNDING:
            return 0.0, 1.0
        raise DataError(
            f"{name} is {estimate:g} with a standard error of 0; expected some spread to test against. "
            "Report the estimate without a test, or collect more data."
        )
    z = estimate / standard_error
    return z, float(2 * norm.sf(abs(z)))
