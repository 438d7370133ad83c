"""What every statistic refuses, and the normal distribution's known numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cbvsynth.domain.statistics.samples import (
    as_pairs,
    as_probabilities,
    as_sample,
    as_truth,
    normal_quantile,
    z_test,
)
from cbvsynth.errors import DataError


def test_a_sample_is_float64_whatever_it_came_as() -> None:
    sample = as_sample([1, 2, 3], least=3)
    assert sample.dtype == np.float64
    assert sample.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a"], "holds values that are not numbers"),
        ([[1.0, 2.0]], "has 2 axes; expected one"),
        ([1.0], "has 1 values; expected at least 2"),
        ([1.0, math.nan, math.inf], "has 2 of 3 values that are NaN or infinite"),
    ],
)
def test_a_sample_that_no_statistic_can_use_is_refused(values: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_sample(values, least=2)


def test_pairs_have_equal_lengths() -> None:
    with pytest.raises(DataError, match="have 2 and 1 values; expected pairs"):
        as_pairs([1.0, 2.0], [1.0], least=1)
    with pytest.raises(DataError, match="1 pairs; expected at least 2"):
        as_pairs([1.0], [1.0], least=2)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ([1, 0], "has 2 values for 3 scores"),
        ([1, 0, 2], "holds 2; expected 0 for a non-event"),
        ([1, 1, 1], "3 events and 0 non-events; expected at least 1 of each"),
    ],
)
def test_a_truth_is_zeros_and_ones_with_some_of_each(truth: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_truth(truth, length=3, least=1)
    assert as_truth([True, False, 1], length=3, least=1).tolist() == [True, False, True]


@pytest.mark.parametrize("values", [[-0.1, 2.0], [0.0, 1.1]])
def test_probabilities_lie_between_0_and_1(values: list[float]) -> None:
    with pytest.raises(DataError, match=r"holds (-0\.1|1\.1); expected values between 0 and 1"):
        as_probabilities(values, name="The risk")
    assert as_probabilities([0.0, 1.0], name="The risk").tolist() == [0.0, 1.0]


def test_quantiles_and_p_values_are_the_tables() -> None:
    assert normal_quantile(0.95) == pytest.approx(1.959963985, abs=1e-9)
    z, p = z_test(1.959963985, 1.0, "The effect")
    assert (z, p) == pytest.approx((1.959963985, 0.05), abs=1e-9)
    assert z_test(-2.0, 1.0, "The effect") == (-2.0, z_test(2.0, 1.0, "The effect")[1])


@pytest.mark.parametrize("level", [0.0, 1.0, 95, math.nan])
def test_a_level_outside_0_and_1_is_refused(level: float) -> None:
    with pytest.raises(DataError, match=r"expected a number between 0 and 1, as 0\.95"):
        normal_quantile(level)


def test_no_effect_without_spread_is_no_evidence_and_an_effect_without_spread_no_test() -> None:
    assert z_test(0.0, 0.0, "The effect") == (0.0, 1.0)
    with pytest.raises(DataError, match=r"The effect is 0\.1 with a standard error of 0"):
        z_test(0.1, 0.0, "The effect")
