"""Correcting p values for the number of questions asked."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.statistics.samples import Float64Array, Values, as_probabilities


def bonferroni(p_values: Values) -> Float64Array:
    """min(1, m p) for each of m p values, in the order given.

    Raises:
        DataError: no p value, or one that is not between 0 and 1.

    Source: Dunn OJ. J Am Stat Assoc 1961;56:52-64.
    """
    given = as_probabilities(p_values, name="The p values")
    return np.minimum(1.0, given * given.size)
