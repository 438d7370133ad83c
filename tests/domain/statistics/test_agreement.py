"""Cohen's kappa against psych 2.2.9, r_wg against multilevel 2.7 (R 4.2.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.statistics.agreement import agreement_band, cohen_kappa, r_wg, r_wg_j, rating_table
from cbvsynth.errors import DataError

READER_1 = [3, 3, 2, 3, 1, 2, 3, 2, 3, 3, 1, 2]
READER_2 = [3, 2, 2, 3, 2, 2, 3, 3, 3, 3, 1, 2]


def test_kappa_and_its_interval_give_the_known_answer() -> None:
    result = cohen_kappa([[20, 5], [10, 15]])
    assert result.kappa == pytest.approx(0.4, abs=1e-9)
    assert (result.low, result.high) == pytest.approx((0.151092290477, 0.648907709523), abs=1e-9)
    assert (result.observed, result.expected, result.cases) == (pytest.approx(0.7), pytest.approx(0.5), 50)


@given(st.lists(st.lists(st.integers(1, 30), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_standard_error_is_that_of_the_delta_method(table: list[list[int]]) -> None:
    """Oracle: numerical gradient of kappa over the cell shares, with their multinomial covariance."""
    shares = np.array(table, dtype=float).ravel() / np.sum(table)

    def kappa(cells: npt.NDArray[np.float64]) -> float:
        square = cells.reshape(3, 3) / cells.sum()
        expected = square.sum(axis=1) @ square.sum(axis=0)
        return float((np.trace(square) - expected) / (1 - expected))

    step = 1e-6
    gradient = np.array(
        [(kappa(shares + step * unit) - kappa(shares - step * unit)) / (2 * step) for unit in np.eye(9)]
    )
    covariance = np.diag(shares) - np.outer(shares, shares)
    expected = np.sqrt(gradient @ covariance @ gradient / np.sum(table))
    assert cohen_kappa(table).standard_error == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_exchanging_the_readers_changes_nothing() -> None:
    table = np.array([[10, 2, 1], [4, 12, 3], [0, 5, 9]])
    forward, backward = cohen_kappa(table), cohen_kappa(table.T)
    assert forward.kappa == pytest.approx(backward.kappa, abs=1e-12)
    assert forward.standard_error == pytest.approx(backward.standard_error, abs=1e-12)


def test_full_agreement_is_one_without_spread_and_full_disagreement_is_minus_one() -> None:
    perfect = cohen_kappa([[7, 0], [0, 5]])
    assert (perfect.kappa, perfect.low, perfect.high) == pytest.approx((1, 1, 1), abs=1e-7)
    assert perfect.high <= 1
    opposite = cohen_kappa([[0, 6], [6, 0]])
    assert opposite.kappa == pytest.approx(-1, abs=1e-12)
    assert opposite.low >= -1


def test_independent_readers_agree_by_chance_only() -> None:
    assert cohen_kappa([[20, 30], [20, 30]]).kappa == pytest.approx(0, abs=1e-12)


def test_ratings_are_counted_by_pairs_over_all_values_in_use() -> None:
    assert rating_table([1, 1, 4, 2], [1, 2, 4, 2]).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert rating_table(READER_1, READER_2).sum() == 12


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[5, 0], [0, 0]], "one category"),
        ([[9]], "one category"),
        ([[0, 0], [0, 0]], "no case"),
        ([[1, 2, 3], [4, 5, 6]], "as many rows as columns"),
        ([[1, -2], [3, 4]], "counts"),
        ([[1.5, 2], [3, 4]], "counts"),
        ([[1, np.nan], [3, 4]], "counts"),
    ],
)
def test_what_has_no_kappa_is_refused(table: list[list[int]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        cohen_kappa(table)


@pytest.mark.parametrize(("first", "second"), [([], []), ([1, 2], [1]), ([1, float("nan")], [1, 2])])
def test_ratings_that_are_no_pairs_are_refused(first: list[float], second: list[float]) -> None:
    with pytest.raises(DataError):
        rating_table(first, second)


def test_the_readers_within_group_agreement_gives_the_known_answer() -> None:
    ratings = np.column_stack([READER_1, READER_2])
    assert r_wg(ratings, points=4).mean() == pytest.approx(0.9, abs=1e-9)


def test_one_item_compares_the_readers_variance_with_chance() -> None:
    # Variance of 1, 2, 2, 3 is 2/3; chance on four points has 15/12 = 1.25.
    assert r_wg([[1, 2, 2, 3]], points=4).tolist() == pytest.approx([1 - (2 / 3) / 1.25], abs=1e-12)


def test_equal_ratings_agree_fully_and_worse_than_chance_counts_as_none() -> None:
    assert r_wg([[2, 2, 2], [1, 4, 4], [1, 1, 4]], points=4).tolist() == [1.0, 0.0, 0.0]


def test_several_items_agree_more_surely_than_one() -> None:
    ratings = [[1, 2, 2, 3], [1, 2, 2, 3]]
    single = r_wg(ratings, points=4)[0]
    # Spearman-Brown, of which r_wg(J) is the form over J items.
    assert r_wg_j(ratings, points=4) == pytest.approx(2 * single / (1 + single), abs=1e-12)
    assert r_wg_j(ratings[:1], points=4) == pytest.approx(single, abs=1e-12)


def test_items_without_agreement_have_none_together() -> None:
    assert r_wg_j([[1, 4], [4, 1]], points=4) == 0.0
    assert r_wg_j([[3, 3], [1, 1]], points=4) == 1.0


@pytest.mark.parametrize("statistic", [r_wg, r_wg_j])
@pytest.mark.parametrize(
    ("ratings", "points", "message"),
    [
        ([[1], [2]], 4, "two readers"),
        (np.empty((0, 2)), 4, "at least one item"),
        ([1, 2, 3], 4, "items, readers"),
        ([[1, 2.5]], 4, "whole number"),
        ([[1, np.nan]], 4, "missing"),
        ([[0, 4]], 4, "scale of 4 points"),
        ([[1, 1]], 1, "at least 2"),
    ],
)
def test_ratings_that_fit_no_scale_are_refused(
    statistic: Callable[..., object], ratings: Any, points: int, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        statistic(ratings, points=points)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1.0, "very good"),
        (0.9, "very good"),
        (0.894, "good"),
        (0.7, "good"),
        (0.694, "fair"),
        (0.5, "fair"),
        (0.494, "poor"),
        (-0.2, "poor"),
    ],
)
def test_every_value_has_its_word_on_both_sides_of_each_threshold(value: float, word: str) -> None:
    assert agreement_band(value) == word


@pytest.mark.parametrize("apart", [(0, 1, 2), (3, 4, 11), (0, 5, 9), (2, 6, 8)])
def test_the_word_fits_the_number_that_is_printed_whichever_maps_differ(apart: tuple[int, ...]) -> None:
    """0.90 was very good or good by the order in which twelve maps were added up."""
    ratings = np.ones((12, 2))
    ratings[list(apart), 0] = 2
    value = float(r_wg(ratings, points=4).mean())
    assert (f"{value:.2f}", agreement_band(value)) == ("0.90", "very good")


def test_the_papers_quality_scores_average_as_printed() -> None:
    """27 examinations scored 1, 224 scored 2, 505 scored 3."""
    assert np.average([1, 2, 3], weights=[27, 224, 505]) == pytest.approx(2.632, abs=5e-4)
