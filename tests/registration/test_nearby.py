"""A look around, and the climb that some of them make."""

from __future__ import annotations

import numpy as np

from cbvsynth.registration.nearby import climb, look_around

TOP = np.array([0.5, -1.0, 0.2, 1.5, 0.0, -0.7])


class Hill:
    """A peak whose place is known: a parabola, or a bell, which is none far from its top."""

    def __init__(self, *, bell: bool = False) -> None:
        self.bell = bell

    def __call__(self, motion_mm: np.ndarray) -> float:
        off = float(((motion_mm - TOP) ** 2).sum())
        return float(np.exp(-off / 50.0)) if self.bell else 1.0 - off / 100.0


def test_one_look_finds_the_top_of_a_parabola() -> None:
    found = look_around(Hill(), np.zeros(6))  # type: ignore[arg-type]
    assert found is not None
    np.testing.assert_allclose(found, TOP, atol=1e-9)


def test_a_valley_or_a_plain_has_no_top() -> None:
    assert look_around(lambda motion: float((motion**2).sum()), np.zeros(6)) is None  # type: ignore[arg-type]
    assert look_around(lambda _: 1.0, np.zeros(6)) is None  # type: ignore[arg-type]


def test_no_look_leads_farther_than_two_steps() -> None:
    flat = look_around(lambda motion: -((motion - 100.0) ** 2).sum(), np.zeros(6))  # type: ignore[arg-type]
    np.testing.assert_array_equal(flat, np.full(6, 6.0))


def test_a_climb_ends_on_the_peak_and_says_so() -> None:
    found, is_peak = climb(Hill(bell=True), np.array([4.0, 2.0, -3.0, -2.0, 3.0, 2.0]))  # type: ignore[arg-type]
    assert is_peak
    np.testing.assert_allclose(found, TOP, atol=0.5)


def test_a_climb_from_a_plain_finds_no_peak_and_says_so() -> None:
    start = np.full(6, 100.0)
    found, is_peak = climb(Hill(bell=True), start)  # type: ignore[arg-type]
    assert not is_peak
    np.testing.assert_array_equal(found, start)
