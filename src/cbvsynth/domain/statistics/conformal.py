"""Intervals that hold for new patients, from how far they would have had to reach in known ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from cbvsynth.domain.statistics.samples import Float64Array, check_level
from cbvsynth.errors import DataError


def conformal_factor(reaches: Mapping[str, float], level: float) -> float:
    """Factor by which an interval must be stretched to hold in a new patient with the given probability.

    It is the k-th smallest reach, k = ceil((n + 1) level); with fewer patients than the level asks for
    (n < level / (1 - level)), the largest, for which less can be promised.

    Args:
        reaches: by patient, the factor at which the interval would just have held.
        level: of the interval, between 0 and 1.

    Raises:
        DataError: no patient, or a reach that is not finite.

    Source: Vovk, Gammerman, Shafer 2005; Lei et al. 2018, split conformal prediction. Patients and not voxels
    are what may be exchanged.
    """
    check_level(level)
    values = np.sort(np.asarray(list(reaches.values()), np.float64))
    if values.size == 0 or not np.isfinite(values).all():
        raise DataError(
            f"{values.size} patients to calibrate on, reaches {values[:3]}; expected at least one, and "
            "finite numbers. Add held-out examinations."
        )
    return float(values[min(math.ceil((values.size + 1) * level), values.size) - 1])


def factors_without_each(reaches: Mapping[str, float], level: float) -> dict[str, float]:
    """For each patient the factor that the others give: what a new patient would have been judged by.

    A single patient is judged by nobody else: an empty answer.
    """
    if len(reaches) < 2:
        return {}
    return {
        name: conformal_factor({other: reach for other, reach in reaches.items() if other != name}, level)
        for name in reaches
    }


def risk_coverage_area(errors: Float64Array, spreads: Float64Array) -> float:
    """Mean error of what is kept, averaged over how much is kept, the surest first.

    Equal spreads are taken in the order given. It lies between the area of a perfect order (spreads = errors)
    and about the mean error, which an order that knows nothing has.

    Args:
        errors: (n,) not negative, n at least 1.
        spreads: (n,) any unit, larger is less sure.

    Source: El-Yaniv, Wiener 2010; Geifman, El-Yaniv 2017, selective prediction.
    """
    ordered = np.asarray(errors, np.float64)[np.argsort(spreads, kind="stable")]
    return float((np.cumsum(ordered) / np.arange(1, ordered.size + 1)).mean())
