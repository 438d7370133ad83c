"""Bonferroni's correction."""

import pytest

from cbvsynth.domain.statistics.multiplicity import bonferroni
from cbvsynth.errors import DataError


def test_p_values_are_multiplied_by_their_number_in_the_order_given() -> None:
    assert bonferroni([0.01, 0.04, 0.03, 0.2]).tolist() == pytest.approx([0.04, 0.16, 0.12, 0.8], abs=1e-12)


def test_no_p_value_exceeds_one() -> None:
    assert bonferroni([0.5, 0.9, 0.0]).tolist() == [1.0, 1.0, 0.0]


def test_a_single_p_value_stays_as_it_is() -> None:
    assert bonferroni([0.03]).tolist() == [0.03]


@pytest.mark.parametrize(
    ("p_values", "message"),
    [([], "at least 1"), ([0.1, float("nan")], "NaN"), ([1.2], "holds 1.2"), ([-0.1, 0.2], "holds -0.1")],
)
def test_what_is_no_p_value_is_refused(p_values: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        bonferroni(p_values)
