"""Limits of agreement, against the worked example of the paper that introduced them."""

import numpy as np
import pytest
from scipy import stats

from cbvsynth.domain.statistics.bland_altman import bland_altman
from cbvsynth.errors import DataError

# Peak expiratory flow of 17 people by two instruments, L/min (Bland and Altman 1986, Table).
LARGE_METER = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI_METER = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_the_published_example_comes_out_as_published() -> None:
    """The authors print rounded figures, with 2 sd for the limits where we take 1.96."""
    result = bland_altman(MINI_METER, LARGE_METER)
    assert result.bias.estimate == pytest.approx(-2.1, abs=0.05)
    assert result.sd == pytest.approx(38.8, abs=0.05)
    assert (result.bias.low, result.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    assert result.bias.estimate - 2 * result.sd == pytest.approx(-79.7, abs=0.1)
    assert result.lower_limit.estimate == pytest.approx(result.bias.estimate - 1.959964 * result.sd, abs=1e-4)
    assert result.upper_limit.estimate == pytest.approx(result.bias.estimate + 1.959964 * result.sd, abs=1e-4)
    assert result.pairs == 17


def test_the_intervals_of_the_limits_follow_the_stated_variance() -> None:
    result = bland_altman(MINI_METER, LARGE_METER)
    half = stats.t.ppf(0.975, 16) * result.sd * np.sqrt(1 / 17 + stats.norm.ppf(0.975) ** 2 / 32)
    for limit in (result.lower_limit, result.upper_limit):
        assert limit.estimate - limit.low == pytest.approx(half, abs=1e-9)
        assert limit.high - limit.estimate == pytest.approx(half, abs=1e-9)
    # Printed with the rougher 3 sd^2 / n: 34.6 on either side.
    assert half == pytest.approx(34.6, rel=0.03)


def test_the_interval_of_a_limit_covers_the_true_limit_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth = stats.norm.ppf(0.975)
    hits = 0
    for _ in range(1000):
        limit = bland_altman(np.zeros(30), rng.normal(size=30)).upper_limit
        hits += limit.low <= truth <= limit.high
    assert 0.92 <= hits / 1000 <= 0.98


def test_the_difference_is_measured_minus_reference_as_in_the_papers_lesions() -> None:
    real, synthetic = [5.2, 3.3, 2.1, 13.3, 10.3, 1.2], [5.4, 3.6, 1.9, 13.0, 9.8, 1.0]
    assert bland_altman(real, synthetic).bias.estimate == pytest.approx(-0.7 / 6, abs=1e-12)
    assert bland_altman(synthetic, real).bias.estimate == pytest.approx(0.7 / 6, abs=1e-12)


def test_a_constant_offset_has_limits_at_the_bias() -> None:
    result = bland_altman([1.0, 2.0, 4.0], [1.5, 2.5, 4.5])
    assert result.sd == 0
    assert result.lower_limit == result.upper_limit == result.bias
    assert result.bias.low == result.bias.high == 0.5


def test_a_lower_level_gives_narrower_limits() -> None:
    narrow, wide = (bland_altman(MINI_METER, LARGE_METER, level=level) for level in (0.8, 0.95))
    assert wide.lower_limit.estimate < narrow.lower_limit.estimate < narrow.upper_limit.estimate
    assert narrow.upper_limit.estimate < wide.upper_limit.estimate


@pytest.mark.parametrize(
    ("reference", "measured", "message"),
    [
        ([1.0], [2.0], "at least 2"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], "expected pairs"),
        ([1.0, np.nan], [1.0, 2.0], "NaN"),
    ],
)
def test_what_has_no_limits_is_refused(reference: list[float], measured: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        bland_altman(reference, measured)


def test_a_level_of_95_instead_of_0_95_is_refused() -> None:
    with pytest.raises(DataError, match="level of confidence is 95"):
        bland_altman([1.0, 2.0], [1.0, 2.5], level=95)
