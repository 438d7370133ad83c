"""The models for which no other one is at least as good at no more cost."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(costs: Sequence[float], values: Sequence[float]) -> tuple[int, ...]:
    """Places of the entries that no other one dominates, by rising cost.

    One entry dominates another when it costs no more and is worth no less, and differs in at least one of
    the two. Equal entries do not dominate each other. An entry with a NaN is never on the front.
    """
    known = [
        place
        for place, (cost, value) in enumerate(zip(costs, values, strict=True))
        if cost == cost and value == value  # noqa: PLR0124  # not NaN
    ]
    front: list[int] = []
    for place in sorted(known, key=lambda one: (costs[one], -values[one])):
        last = front[-1] if front else None
        if last is None or values[place] > values[last] or _equal(costs, values, place, last):
            front.append(place)
    return tuple(front)


def _equal(costs: Sequence[float], values: Sequence[float], one: int, other: int) -> bool:
    return costs[one] == costs[other] and values[one] == values[other]
