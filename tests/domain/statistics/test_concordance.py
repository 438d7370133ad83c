"""Lin's concordance correlation."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cbvsynth.domain.statistics.concordance import lin_concordance
from cbvsynth.errors import DataError

REAL = [5.2, 3.3, 2.1, 13.3, 10.3, 1.2]
SYNTHETIC = [5.4, 3.6, 1.9, 13.0, 9.8, 1.0]


def test_it_is_one_minus_the_expected_squared_distance_from_equality() -> None:
    """Lin's definition: 1 - E(x - y)^2 / E(x - y)^2 under independence."""
    x, y = np.array(REAL), np.array(SYNTHETIC)
    apart = np.mean((x[:, None] - y[None, :]) ** 2)
    assert lin_concordance(REAL, SYNTHETIC).concordance == pytest.approx(
        1 - np.mean((x - y) ** 2) / apart, abs=1e-12
    )


def test_it_is_pearsons_correlation_times_the_bias_correction() -> None:
    result = lin_concordance(REAL, SYNTHETIC)
    assert result.pearson == pytest.approx(np.corrcoef(REAL, SYNTHETIC)[0, 1], abs=1e-12)
    assert result.concordance == pytest.approx(result.pearson * result.bias_correction, abs=1e-12)
    assert result.pairs == 6


def test_equal_measurements_concord_fully_and_opposite_ones_fully_discord() -> None:
    assert lin_concordance(REAL, REAL).concordance == pytest.approx(1, abs=1e-12)
    assert lin_concordance([-1.0, 1.0], [1.0, -1.0]).concordance == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("change", [lambda x: x + 2, lambda x: 1.3 * x])
def test_a_shift_or_a_scale_error_is_seen_where_pearson_is_blind(
    change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> None:
    result = lin_concordance(REAL, change(np.array(REAL)))
    assert result.pearson == pytest.approx(1, abs=1e-12)
    assert result.concordance < 0.98


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=2, max_size=20))
def test_it_is_symmetric_and_never_beyond_pearson(pairs: list[tuple[float, float]]) -> None:
    first, second = np.array(pairs).T
    assume(np.ptp(first) > 1e-3)
    assume(np.ptp(second) > 1e-3)
    forward, backward = lin_concordance(first, second), lin_concordance(second, first)
    assert forward.concordance == pytest.approx(backward.concordance, abs=1e-9)
    assert abs(forward.concordance) <= abs(forward.pearson) + 1e-9 <= 1 + 2e-9


@pytest.mark.parametrize(
    ("reference", "measured", "message"),
    [
        ([1.0, 1.0], [1.0, 2.0], "All reference values are 1"),
        ([1.0, 2.0], [3.0, 3.0], "All measured values are 3"),
        ([1.0], [1.0], "at least 2"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "expected pairs"),
        ([1.0, np.nan], [1.0, 2.0], "NaN"),
    ],
)
def test_what_has_no_concordance_is_refused(
    reference: list[float], measured: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        lin_concordance(reference, measured)
