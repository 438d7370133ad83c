"""Lin's concordance correlation: how close pairs lie to the line of equality."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cbvsynth.domain.statistics.samples import Values, as_pairs
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Concordance:
    """Concordance = Pearson's correlation x bias correction; the latter is 1 without shift or scale."""

    concordance: float
    pearson: float
    bias_correction: float
    pairs: int


def lin_concordance(reference: Values, measured: Values) -> Concordance:
    """2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2), with the divisor n as Lin has it.

    Raises:
        DataError: fewer than two pairs, unequal lengths, NaN, or a constant sample.

    Source: Lin LI. Biometrics 1989;45:255-268.
    """
    x, y = as_pairs(reference, measured, least=2)
    for name, values in (("reference", x), ("measured", y)):
        if values.min() == values.max():
            raise DataError(
                f"All {name} values are {values[0]:g}; expected some spread, or correlation has no meaning."
            )
    mean_x, mean_y = float(x.mean()), float(y.mean())
    variance_x, variance_y = float(x.var()), float(y.var())
    covariance = float(((x - mean_x) * (y - mean_y)).mean())
    pearson = covariance / math.sqrt(variance_x * variance_y)
    concordance = 2 * covariance / (variance_x + variance_y + (mean_x - mean_y) ** 2)
    correction = 2 * math.sqrt(variance_x * variance_y) / (variance_x + variance_y + (mean_x - mean_y) ** 2)
    return Concordance(concordance, pearson, correction, x.size)
