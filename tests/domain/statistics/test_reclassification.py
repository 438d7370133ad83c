"""NRI and IDI, against Hmisc::improveProb 4.8 (R 4.2.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cbvsynth.domain.statistics.reclassification import integrated_discrimination, net_reclassification
from cbvsynth.errors import DataError

TRUTH = [1] * 8 + [0] * 10
FIRST = [0.62, 0.55, 0.48, 0.71, 0.33, 0.58, 0.40, 0.66, 0.50, 0.35, 0.45, 0.28, 0.60, 0.38, 0.22, 0.41, 0.30]
FIRST += [0.52]
SECOND = [0.80, 0.66, 0.61, 0.88, 0.45, 0.70, 0.38, 0.79, 0.42, 0.25, 0.47, 0.20, 0.55, 0.30, 0.18, 0.40]
SECOND += [0.22, 0.48]


def test_the_net_reclassification_gives_the_known_answer() -> None:
    result = net_reclassification(TRUTH, FIRST, SECOND)
    assert result.nri == pytest.approx(1.55, abs=1e-9)
    assert (result.events, result.non_events) == pytest.approx((0.75, 0.80), abs=1e-9)
    assert result.standard_error == pytest.approx(0.3011436534281, abs=1e-9)
    assert result.z == pytest.approx(5.1470452136567, abs=1e-9)
    assert result.p_value == pytest.approx(2.6463e-07, rel=1e-3)


def test_the_integrated_discrimination_gives_the_known_answer() -> None:
    result = integrated_discrimination(TRUTH, FIRST, SECOND)
    assert result.idi == pytest.approx(0.1715, abs=1e-9)
    assert result.standard_error == pytest.approx(0.0245731011797, abs=1e-9)
    assert result.z == pytest.approx(6.9791760814359, abs=1e-9)
    assert result.p_value == pytest.approx(2.9687e-12, rel=1e-3)


@pytest.mark.parametrize("improvement", [net_reclassification, integrated_discrimination])
def test_exchanging_the_models_turns_the_sign(improvement: Callable[..., Any]) -> None:
    forward, backward = improvement(TRUTH, FIRST, SECOND), improvement(TRUTH, SECOND, FIRST)
    assert forward.z == pytest.approx(-backward.z, abs=1e-12)
    assert forward.p_value == pytest.approx(backward.p_value, abs=1e-15)


@pytest.mark.parametrize("improvement", [net_reclassification, integrated_discrimination])
def test_a_model_does_not_improve_on_itself(improvement: Callable[..., Any]) -> None:
    result = improvement(TRUTH, FIRST, FIRST)
    assert (result.z, result.p_value, result.standard_error) == (0.0, 1.0, 0.0)


def test_an_unchanged_probability_counts_as_neither_up_nor_down() -> None:
    result = net_reclassification([1, 1, 1, 1, 0, 0], [0.5] * 6, [0.5, 0.6, 0.7, 0.4, 0.5, 0.4])
    assert (result.events, result.non_events) == (0.25, 0.5)
    # Pencina 2011 from the counts of ups and downs: (up + down - (up - down)^2 / n) / n^2 in each group.
    variance = (3 - 1 / 4) / 16 + (1 - 1 / 2) / 4
    assert result.standard_error == pytest.approx(np.sqrt(variance), abs=1e-12)


def test_reclassification_sees_only_the_direction_and_discrimination_the_size() -> None:
    slightly = [first + 0.001 * np.sign(second - first) for first, second in zip(FIRST, SECOND, strict=True)]
    assert net_reclassification(TRUTH, FIRST, slightly).nri == pytest.approx(1.55, abs=1e-12)
    assert integrated_discrimination(TRUTH, FIRST, slightly).idi == pytest.approx(0.00155, abs=1e-12)


def test_a_shift_of_everybody_is_no_discrimination() -> None:
    """Rounding used to give a z of any size: 0 over 0 in floating point."""
    result = integrated_discrimination(TRUTH, FIRST, [value + 0.1 for value in FIRST])
    assert (result.z, result.p_value) == (0.0, 1.0)
    assert result.idi == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("improvement", [net_reclassification, integrated_discrimination])
def test_an_improvement_without_spread_cannot_be_tested(improvement: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="standard error of 0"):
        improvement([1, 1, 0, 0], [0.5] * 4, [0.6, 0.6, 0.4, 0.4])


@pytest.mark.parametrize("improvement", [net_reclassification, integrated_discrimination])
@pytest.mark.parametrize(
    ("truth", "first", "second", "message"),
    [
        ([1, 1], [0.1, 0.2], [0.2, 0.3], "2 events and 0 non-events"),
        ([], [], [], "expected at least 1"),
        ([1, 0], [0.1, 0.2], [0.2], "2 first and 1 second"),
        ([1, 0], [0.1, 1.2], [0.2, 0.3], "The first probabilities holds 1.2"),
        ([1, 0], [0.1, 0.2], [-0.2, 0.3], "The second probabilities holds -0.2"),
        ([1, 0], [0.1, np.nan], [0.2, 0.3], "NaN"),
        ([1, 0, 1], [0.1, 0.2], [0.2, 0.3], "3 values for 2 scores"),
    ],
)
def test_what_cannot_be_reclassified_is_refused(
    improvement: Callable[..., Any], truth: list[int], first: list[float], second: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        improvement(truth, first, second)
