"""Paired tests: known answers, brute force, and what happens without any difference."""

from collections.abc import Callable
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cbvsynth.domain.statistics.paired import Alternative, mean_by_patient, paired_t, wilcoxon_signed_rank
from cbvsynth.errors import DataError

FIRST = [86.1, 84.9, 88.3, 79.2, 90.4, 85.0, 87.7, 83.3]
SECOND = [85.6, 85.1, 87.4, 78.8, 90.1, 84.1, 87.9, 82.0]


def test_the_paired_t_test_gives_the_known_answer() -> None:
    result = paired_t(FIRST, SECOND)
    assert result.t == pytest.approx(2.58689342629, abs=1e-9)
    assert result.p_value == pytest.approx(0.0361078135817, abs=1e-9)
    assert result.degrees_of_freedom == 7
    assert result.mean_difference == pytest.approx(0.4875, abs=1e-12)


def test_the_interval_of_the_mean_difference_is_students_and_two_sided_for_every_alternative() -> None:
    differences = np.subtract(FIRST, SECOND)
    half = stats.t.ppf(0.975, 7) * differences.std(ddof=1) / np.sqrt(8)
    for alternative in Alternative:
        result = paired_t(FIRST, SECOND, alternative=alternative)
        assert (result.low, result.high) == pytest.approx((0.4875 - half, 0.4875 + half), abs=1e-9)


def test_one_sided_p_values_add_to_one_and_halve_the_two_sided() -> None:
    two, greater, less = (paired_t(FIRST, SECOND, alternative=side).p_value for side in Alternative)
    assert greater + less == pytest.approx(1, abs=1e-12)
    assert two == pytest.approx(2 * min(greater, less), abs=1e-12)
    assert greater < less


@pytest.mark.parametrize("alternative", list(Alternative))
def test_a_model_against_itself_is_no_evidence_in_either_test(alternative: Alternative) -> None:
    t = paired_t(FIRST, FIRST, alternative=alternative)
    ranks = wilcoxon_signed_rank(FIRST, FIRST, alternative=alternative)
    assert (t.t, t.p_value, t.low, t.high) == (0, 1, 0, 0)
    assert (ranks.p_value, ranks.pairs, ranks.zeros, ranks.positive_rank_sum) == (1, 0, 8, 0)


def test_differences_without_spread_are_refused_by_the_t_test_even_with_rounding() -> None:
    first, shifted = [1.1, 2.3, 1000.7], [1.2, 2.4, 1000.8]
    assert len(set(np.subtract(first, shifted))) > 1, "rounding makes them unequal, which is the trap"
    with pytest.raises(DataError, match="expected some spread"):
        paired_t(first, shifted)


@pytest.mark.parametrize("alternative", list(Alternative))
@pytest.mark.parametrize(
    "differences",
    [
        [1.5, -0.5, 2.0, 3.0, -1.0, 0.7, 4.0],  # all different: scipy's exact distribution
        [1.0, -1.0, 2.0, 2.0, -3.0, 2.0, 1.0],  # ties
        [1.0, -1.0, 2.0, 0.0, 2.0, -3.0, 0.0],  # ties and zeros
    ],
)
def test_signed_rank_p_values_equal_those_of_all_sign_patterns(
    differences: list[float], alternative: Alternative
) -> None:
    result = wilcoxon_signed_rank(differences, np.zeros(7), alternative=alternative)
    moved = np.array([value for value in differences if value])
    ranks = stats.rankdata(np.abs(moved))
    observed = ranks[moved > 0].sum()
    sums = np.array([ranks[np.array(signs)].sum() for signs in product([False, True], repeat=moved.size)])
    above, below = np.mean(sums >= observed), np.mean(sums <= observed)
    expected = {
        Alternative.GREATER: above,
        Alternative.LESS: below,
        Alternative.TWO_SIDED: min(1, 2 * min(above, below)),
    }[alternative]
    assert result.p_value == pytest.approx(expected, abs=1e-12)
    assert result.positive_rank_sum == observed
    assert (result.pairs, result.zeros) == (moved.size, 7 - moved.size)
    assert result.median_difference == np.median(differences)


def test_the_normal_approximation_of_many_tied_differences_has_the_tie_correction() -> None:
    differences = np.array([1, 2, 2, 3, -1, -2, 4, 5, 5, -3, 6, 7, 1, 2, -1, 3, 8, 9, -2, 4], dtype=float)
    ranks = stats.rankdata(np.abs(differences))
    n = differences.size
    ties = np.unique(np.abs(differences), return_counts=True)[1]
    variance = n * (n + 1) * (2 * n + 1) / 24 - (ties**3 - ties).sum() / 48
    z = (ranks[differences > 0].sum() - n * (n + 1) / 4) / np.sqrt(variance)
    assert wilcoxon_signed_rank(differences, np.zeros(n)).p_value == pytest.approx(
        2 * stats.norm.sf(abs(z)), abs=1e-12
    )


def test_the_signed_rank_test_knows_the_smallest_p_value_of_five_pairs() -> None:
    better = wilcoxon_signed_rank([2, 3, 4, 5, 6], [1, 1, 1, 1, 1], alternative=Alternative.GREATER)
    assert better.p_value == pytest.approx(1 / 32, abs=1e-15)


@settings(max_examples=50)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=8), st.randoms())
def test_exchanging_the_samples_exchanges_the_sides(values: list[float], random: Random) -> None:
    other = values[:]
    random.shuffle(other)
    forward = wilcoxon_signed_rank(values, other, alternative=Alternative.GREATER)
    backward = wilcoxon_signed_rank(other, values, alternative=Alternative.LESS)
    assert forward.p_value == pytest.approx(backward.p_value, abs=1e-12)


def test_values_are_averaged_per_patient_in_sorted_order() -> None:
    means = mean_by_patient([1.0, 2.0, 3.0, 10.0], ["sub-2", "sub-1", "sub-2", "sub-1"])
    assert means.tolist() == [6.0, 2.0]


def test_averaging_by_patient_before_or_after_the_subtraction_is_the_same() -> None:
    patients = ["a", "a", "b", "c", "c", "c", "d", "d"]
    after = mean_by_patient(np.subtract(FIRST, SECOND), patients)
    before = mean_by_patient(FIRST, patients) - mean_by_patient(SECOND, patients)
    np.testing.assert_allclose(after, before, atol=1e-12)


@pytest.mark.parametrize("test", [paired_t, wilcoxon_signed_rank])
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1.0, 2.0], [1.0], "expected pairs"),
        ([1.0, np.nan], [1.0, 2.0], "1 of 2 values that are NaN"),
        ([1.0, 2.0], [np.inf, 2.0], "The second sample"),
        ([], [], "expected at least"),
        ([[1.0, 2.0]], [[1.0, 3.0]], "has 2 axes"),
        (["a", "b"], [1.0, 2.0], "not numbers"),
    ],
)
def test_samples_that_cannot_be_paired_are_refused(
    test: Callable[..., object], first: list[float], second: list[float], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        test(first, second)


def test_one_pair_is_too_few_for_a_t_test() -> None:
    with pytest.raises(DataError, match="1 pairs; expected at least 2"):
        paired_t([1.0], [2.0])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.1, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(DataError, match="level of confidence"):
        paired_t(FIRST, SECOND, level=level)


def test_patients_must_be_as_many_as_values() -> None:
    with pytest.raises(DataError, match="1 patient for 2 values"):
        mean_by_patient([1.0, 2.0], ["a"])


def test_thirds_of_whole_numbers_tie_as_the_whole_numbers_do() -> None:
    """Means over three readers lost their ties by rounding: P was .039 where it is .145."""
    sums = np.array([5, 1, -1, 1, 4, 1, -1, 0, -1, 0, 2, 1], dtype=float)
    synthetic = np.array([4, 0, 3, 5, 2, 7, 4, 1, 8, 2, 5, 6], dtype=float)
    of_sums = wilcoxon_signed_rank(sums, np.zeros(12))
    of_means = wilcoxon_signed_rank((synthetic + sums) / 3, synthetic / 3)
    assert len(set(np.abs((synthetic + sums) / 3 - synthetic / 3))) > len(set(np.abs(sums))), "rounding"
    assert of_means.p_value == pytest.approx(0.14453125)
    assert (of_means.p_value, of_means.pairs, of_means.zeros) == (of_sums.p_value, 10, 2)
    assert of_means.positive_rank_sum == of_sums.positive_rank_sum


@pytest.mark.parametrize("value", [0.469, 0.479, 0.7, 1.1])
@pytest.mark.parametrize("examinations", [3, 6, 7, 8])
def test_the_mean_of_equal_values_is_that_value(value: float, examinations: int) -> None:
    assert mean_by_patient([value] * examinations, ["p"] * examinations) == [value]
