"""AUC and DeLong's test, against pROC 1.18 (R 4.2.2) and against brute force."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.statistics.roc import auc, compare_auc, roc_curve
from cbvsynth.errors import DataError

TRUTH = [1] * 8 + [0] * 10
FIRST = [0.62, 0.55, 0.48, 0.71, 0.33, 0.58, 0.40, 0.66, 0.50, 0.35, 0.45, 0.28, 0.60, 0.38, 0.22, 0.41, 0.30]
FIRST += [0.52]
SECOND = [0.80, 0.66, 0.61, 0.88, 0.45, 0.70, 0.38, 0.79, 0.42, 0.25, 0.47, 0.20, 0.55, 0.30, 0.18, 0.40]
SECOND += [0.22, 0.48]
TIED_FIRST = [1, 2, 2, 3, 1, 2, 3, 3, 1, 1, 2, 1, 2, 1, 1, 2, 1, 3]
TIED_SECOND = [2, 3, 2, 3, 2, 3, 1, 3, 1, 1, 2, 1, 1, 1, 2, 1, 1, 2]


def test_two_correlated_areas_give_the_known_answer() -> None:
    result = compare_auc(TRUTH, FIRST, SECOND)
    assert result.first.auc == pytest.approx(0.7875, abs=1e-9)
    assert result.second.auc == pytest.approx(0.9, abs=1e-9)
    assert result.first.variance == pytest.approx(0.0129117063492, abs=1e-9)
    assert result.second.variance == pytest.approx(0.0059623015873, abs=1e-9)
    assert result.covariance == pytest.approx(0.00715773809524, abs=1e-9)
    assert result.z == pytest.approx(-1.6662494944, abs=1e-9)
    assert result.p_value == pytest.approx(0.0956637316109, abs=1e-9)


def test_the_intervals_give_the_known_answer_and_are_clipped_at_one() -> None:
    first, second = auc(TRUTH, FIRST), auc(TRUTH, SECOND)
    assert (first.low, first.high) == pytest.approx((0.56478990089, 1.0), abs=1e-9)
    assert (second.low, second.high) == pytest.approx((0.748659536065, 1.0), abs=1e-9)
    assert (first.events, first.non_events) == (8, 10)


def test_scores_with_many_ties_give_the_known_answer() -> None:
    result = compare_auc(TRUTH, TIED_FIRST, TIED_SECOND)
    assert result.first.auc == pytest.approx(0.7125, abs=1e-9)
    assert result.second.auc == pytest.approx(0.8625, abs=1e-9)
    assert result.z == pytest.approx(-1.04252460576, abs=1e-9)
    assert result.p_value == pytest.approx(0.297168523646, abs=1e-9)


def brute_force(
    truth: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """DeLong's structural components by comparing every event with every non-event."""
    events, values = np.asarray(truth, dtype=bool), np.asarray(scores, dtype=float)
    difference = values[events][:, None] - values[~events][None, :]
    wins = np.where(difference > 0, 1.0, np.where(difference == 0, 0.5, 0.0))
    return wins.mean(axis=1), wins.mean(axis=0)


cases = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=25)


@given(cases, st.data())
def test_midranks_equal_brute_force_whatever_the_ties(scores: Any, data: st.DataObject) -> None:
    events = data.draw(st.integers(2, len(scores) - 2))
    truth = [1] * events + [0] * (len(scores) - events)
    first, second = (list(column) for column in zip(*scores, strict=True))
    (events_1, others_1), (events_2, others_2) = brute_force(truth, first), brute_force(truth, second)
    area = auc(truth, first)
    assert area.auc == pytest.approx(events_1.mean(), abs=1e-12)
    assert area.variance == pytest.approx(
        events_1.var(ddof=1) / events + others_1.var(ddof=1) / others_1.size, abs=1e-12
    )
    covariance = np.cov(events_1, events_2)[0, 1] / events + np.cov(others_1, others_2)[0, 1] / others_1.size
    try:
        comparison = compare_auc(truth, first, second)
    except DataError:
        # All spread cancels although the areas differ.
        assert area.variance + auc(truth, second).variance - 2 * covariance == pytest.approx(0, abs=1e-12)
        return
    assert comparison.covariance == pytest.approx(covariance, abs=1e-12)
    variance = comparison.first.variance + comparison.second.variance - 2 * comparison.covariance
    if variance > 1e-9:
        difference = comparison.first.auc - comparison.second.auc
        assert comparison.z == pytest.approx(difference / np.sqrt(variance), abs=1e-6)


def test_only_the_order_of_scores_counts() -> None:
    assert auc(TRUTH, np.exp(FIRST)) == auc(TRUTH, FIRST)
    comparison = compare_auc(TRUTH, FIRST, np.array(FIRST) ** 3)
    assert (comparison.z, comparison.p_value) == (0.0, 1.0)


def test_turning_scores_round_mirrors_the_area_and_keeps_the_variance() -> None:
    turned = auc(TRUTH, [-score for score in FIRST])
    assert turned.auc == pytest.approx(1 - 0.7875, abs=1e-12)
    assert turned.variance == pytest.approx(auc(TRUTH, FIRST).variance, abs=1e-12)
    assert turned.low == 0.0


def test_perfect_separation_has_no_variance_and_constant_scores_are_a_coin() -> None:
    perfect = auc([1, 1, 0, 0], [3, 4, 1, 2])
    assert (perfect.auc, perfect.variance, perfect.low, perfect.high) == (1.0, 0.0, 1.0, 1.0)
    assert auc([True, True, False, False], [1, 1, 1, 1]).auc == 0.5


def test_a_perfect_area_says_so() -> None:
    assert auc([1, 1, 0, 0], [4, 3, 2, 1]).is_perfect
    assert auc([1, 1, 0, 0], [1, 2, 3, 4]).is_perfect
    assert not auc([1, 1, 0, 0], [4, 2, 3, 1]).is_perfect


def test_areas_that_differ_without_spread_cannot_be_tested() -> None:
    with pytest.raises(DataError, match="standard error of 0"):
        compare_auc([1, 1, 0, 0], [3, 4, 1, 2], [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([1, 1, 1], [0.1, 0.2, 0.3], "3 events and 0 non-events"),
        ([0, 0, 1], [0.1, 0.2, 0.3], "1 events and 2 non-events"),
        ([], [], "expected at least 1"),
        ([1, 0, 2, 0], [0.1, 0.2, 0.3, 0.4], "holds 2"),
        ([1, 0], [0.1, 0.2, 0.3], "2 values for 3 scores"),
        ([1, 1, 0, 0], [0.1, np.nan, 0.3, 0.4], "NaN"),
        ([1, np.nan, 0, 0], [0.1, 0.2, 0.3, 0.4], "The truth has 1 of 4 values that are NaN"),
    ],
)
def test_what_has_no_area_is_refused(truth: list[int], scores: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        auc(truth, scores)


def test_scores_of_different_cases_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="expected pairs"):
        compare_auc([1, 1, 0, 0], [1, 2, 3, 4], [1, 2, 3])


@pytest.mark.parametrize("scores", [FIRST, SECOND, TIED_FIRST, TIED_SECOND, [1] * 18])
def test_the_area_below_the_curve_is_the_auc(scores: list[float]) -> None:
    curve = roc_curve(TRUTH, scores)
    area = np.trapezoid(curve.true_positive, curve.false_positive)
    assert area == pytest.approx(auc(TRUTH, scores).auc, abs=1e-12)
    assert (curve.false_positive[0], curve.true_positive[0]) == (0, 0)
    assert (curve.false_positive[-1], curve.true_positive[-1]) == (1, 1)


def test_tied_scores_are_one_sloping_step() -> None:
    curve = roc_curve([1, 1, 0, 0], [3, 2, 2, 1])
    assert curve.false_positive == (0, 0, 0.5, 1)
    assert curve.true_positive == (0, 0.5, 1, 1)


def test_a_curve_of_events_only_is_refused() -> None:
    with pytest.raises(DataError, match="0 non-events"):
        roc_curve([1, 1], [0.1, 0.2])
