"""Drift: what differs is said to differ, what does not is not; few patients are judged by the range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cbvsynth.domain.drift import Measured, Shift, shifts_between

RNG = np.random.default_rng(4)
HOME = RNG.normal(10.0, 2.0, 40)


def measured(*values: float, patients: tuple[str, ...] = ()) -> Measured:
    return Measured(patients or tuple(f"p{place}" for place in range(len(values))), {"x": values})


def shift(reference: Measured, here: Measured) -> Shift:
    return shifts_between(reference, here)[0]


def test_the_numbers_are_those_of_the_textbook() -> None:
    here = RNG.normal(13.0, 2.0, 25)
    found = shift(measured(*HOME), measured(*here))
    assert (found.reference_patients, found.patients) == (40, 25)
    assert found.reference_mean == pytest.approx(HOME.mean())
    assert found.standardised == pytest.approx((here.mean() - HOME.mean()) / HOME.std(ddof=1))
    assert found.outside == pytest.approx(np.mean((here > 1.01 * HOME.max()) | (here < HOME.min())), abs=0.05)
    assert found.p_value == pytest.approx(stats.ks_2samp(HOME, here).pvalue)
    assert found.drifts


def test_more_of_the_same_is_no_drift_however_many() -> None:
    assert not shift(measured(*HOME), measured(*RNG.normal(10.0, 2.0, 500))).drifts
    slightly = shift(measured(*HOME), measured(*RNG.normal(10.6, 1.0, 4000)))
    assert slightly.p_value is not None
    assert slightly.p_value < 0.05
    assert not slightly.drifts, "means a third of a standard deviation apart do not matter"


def test_p_is_corrected_for_the_number_of_quantities() -> None:
    here = measured(*RNG.normal(11.5, 2.0, 12))
    alone = shift(measured(*HOME), here).p_value
    both = [Measured(one.patients, {**one.values, "y": one.values["x"]}) for one in (measured(*HOME), here)]
    assert alone is not None
    assert shifts_between(*both)[0].p_value == pytest.approx(min(1.0, 2 * alone))


@pytest.mark.parametrize(("value", "drifts"), [(220.0, False), (222.0, False), (222.4, True), (240.0, True)])
def test_a_quantity_without_spread_drifts_where_it_is_another_by_more_than_rounding(
    value: float, drifts: object
) -> None:
    """A field of view has no standard deviation to divide by."""
    found = shift(measured(*[220.0] * 8), measured(value, value))
    assert (found.standardised, found.drifts) == (None, drifts)


@pytest.mark.parametrize(("outside", "drifts"), [(1, False), (2, True)])
def test_three_patients_are_judged_by_the_range(outside: int, drifts: object) -> None:
    found = shift(measured(*range(1, 7)), measured(*[60.0] * outside, *[3.0] * (3 - outside)))
    assert found.drifts is drifts


def test_a_patient_counts_once() -> None:
    here = measured(1.0, 3.0, 5.0, patients=("a", "a", "b"))
    assert shift(measured(*HOME), here).patients == 2
    assert shift(measured(*HOME), here).mean == 3.5


def test_what_is_not_known_is_not_judged() -> None:
    nothing = shift(measured(*HOME), Measured((), {}))
    assert (nothing.patients, nothing.mean, nothing.p_value, nothing.outside) == (0, None, None, None)
    few = shift(measured(1.0, 1.1, 0.9, 1.0), measured(9.0, 9.0))
    assert (few.outside, few.p_value, few.drifts) == (None, None, False)
    gaps = shift(measured(*HOME), measured(math.nan, 10.0))
    assert gaps.patients == 1


def test_some_of_the_examinations() -> None:
    assert measured(1.0, 2.0, 3.0).of([True, False, True]) == Measured(("p0", "p2"), {"x": (1.0, 3.0)})


@pytest.mark.parametrize("voxel_mm", [0.469, 0.7, 0.938])
def test_a_voxel_size_that_is_the_same_everywhere_does_not_drift(voxel_mm: float) -> None:
    """The mean of three times 0.469 was another number than 0.469, and no patient at home had it."""
    here = measured(*[voxel_mm] * 75, patients=tuple(f"p{place // 3}" for place in range(75)))
    found = shift(measured(*[voxel_mm] * 60), here)
    assert (found.p_value, found.drifts) == (1.0, False)
