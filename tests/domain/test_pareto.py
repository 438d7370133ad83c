"""The Pareto front against brute force over all pairs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.domain.pareto import pareto_front


def dominated(costs, values, one):
    return any(
        costs[other] <= costs[one]
        and values[other] >= values[one]
        and (costs[other], values[other]) != (costs[one], values[one])
        for other in range(len(costs))
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_the_front_is_what_nothing_dominates(entries):
    costs, values = [one for one, _ in entries], [one for _, one in entries]
    expected = {one for one in range(len(entries)) if not dominated(costs, values, one)}
    front = pareto_front(costs, values)
    assert set(front) == expected
    assert [costs[one] for one in front] == sorted(costs[one] for one in front)


def test_what_is_not_known_is_not_on_the_front():
    assert pareto_front([1.0, math.nan, 0.5], [0.9, 1.0, math.nan]) == (0,)
    assert pareto_front([], []) == ()


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="shorter"):
        pareto_front([1.0], [])
