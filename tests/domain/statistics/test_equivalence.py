"""Two one-sided tests: R's values, both sides of the limit, and what cannot be tested."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.statistics.equivalence import equivalent_to_zero
from cbvsynth.errors import DataError

DIFFERENCES = [5.4 - 5.2, 3.6 - 3.3, 1.9 - 2.1, 13.0 - 13.3, 9.8 - 10.3, 1.0 - 1.2]


def test_both_p_values_are_rs():
    """R 4.2.2: t.test(d, mu = -0.4, alternative = "greater"), t.test(d, mu = 0.4, alternative = "less")."""
    found = equivalent_to_zero(DIFFERENCES, 0.4)
    assert found.p_above_lower == pytest.approx(0.0363249951192491, rel=1e-9)
    assert found.p_below_upper == pytest.approx(0.00451968858541814, rel=1e-9)
    assert found.p_value == found.p_above_lower
    assert found.degrees_of_freedom == 5


def test_the_test_is_the_interval_of_90_percent_inside_the_limit():
    rng = np.random.default_rng(2)
    for _ in range(200):
        sample = rng.normal(rng.uniform(-1, 1), 0.7, 12)
        found = equivalent_to_zero(sample, 0.8)
        half = 1.795884818704044 * sample.std(ddof=1) / np.sqrt(12)  # qt(0.95, 11)
        inside = sample.mean() - half > -0.8 and sample.mean() + half < 0.8
        assert (found.p_value < 0.05) is bool(inside)


@pytest.mark.parametrize(("value", "p_value"), [(0.3, 0.0), (0.5, 1.0), (-0.7, 1.0)])
def test_differences_without_any_spread_are_certain(value: float, p_value: float):
    assert equivalent_to_zero([value] * 4, 0.5).p_value == p_value


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(DataError, match="at least 2"):
        equivalent_to_zero([0.1], 0.5)
    with pytest.raises(DataError, match="limit of equivalence is 0"):
        equivalent_to_zero([0.1, 0.2], 0.0)
