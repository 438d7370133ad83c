"""Whether a mean difference is shown to be small: two one-sided tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.statistics.samples import Values, as_sample
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided t tests of a mean against -limit and +limit; `p_value` is the larger of the two."""

    mean: float
    p_above_lower: float
    p_below_upper: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Both nulls must be rejected."""
        return max(self.p_above_lower, self.p_below_upper)


def equivalent_to_zero(differences: Values, limit: float) -> Equivalence:
    """Test that the mean lies between -limit and +limit; differences are taken as independent.

    Differences without any spread are certain: p is 0 inside the limits and 1 at them or beyond.

    Raises:
        DataError: fewer than two differences, NaN, or a limit that is not positive.

    Source: Schuirmann DJ. J Pharmacokinet Biopharm 1987;15:657-680.
    """
    sample = as_sample(differences, least=2, name="The differences")
    if not limit > 0:
        raise DataError(f"The limit of equivalence is {limit}; expected a positive number.")
    mean, error = float(sample.mean()), float(np.std(sample, ddof=1)) / math.sqrt(sample.size)
    freedom = sample.size - 1
    if error == 0:
        return Equivalence(mean, float(mean <= -limit), float(mean >= limit), freedom)
    return Equivalence(
        mean=mean,
        p_above_lower=float(stats.t.sf((mean + limit) / error, freedom)),
        p_below_upper=float(stats.t.cdf((mean - limit) / error, freedom)),
        degrees_of_freedom=freedom,
    )
