"""Intervals hold as often as they say, in patients that were not used, and doubt is worth something."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.statistics.conformal import conformal_factor, factors_without_each, risk_coverage_area
from cbvsynth.errors import DataError


def reaches(values: np.ndarray) -> dict[str, float]:
    return {f"p{number}": float(value) for number, value in enumerate(values)}


def test_the_factor_is_the_rank_that_the_formula_names() -> None:
    known = reaches(np.arange(1.0, 20.0))  # 19 patients
    assert conformal_factor(known, 0.9) == 18.0  # ceil(20 x 0.9)
    assert conformal_factor(known, 0.5) == 10.0
    assert conformal_factor({"p": 3.0}, 0.9) == 3.0, "too few patients: the largest"


def test_an_interval_holds_in_as_many_new_patients_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = [rng.lognormal() <= conformal_factor(reaches(rng.lognormal(size=29)), 0.9) for _ in range(4000)]
    assert 0.88 < np.mean(held) < 0.92  # exactly 27/30; standard deviation 0.005


def test_each_patient_is_judged_by_the_others() -> None:
    known = reaches(np.array([1.0, 2.0, 9.0]))
    assert factors_without_each(known, 0.9) == {"p0": 9.0, "p1": 9.0, "p2": 2.0}
    assert factors_without_each({"p": 1.0}, 0.9) == {}


@pytest.mark.parametrize("bad", [{}, {"p": float("nan")}, {"p": float("inf"), "q": 1.0}])
def test_nobody_and_what_is_no_number_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(DataError, match="to calibrate on"):
        conformal_factor(bad, 0.9)


def test_the_area_is_least_for_the_true_order_and_the_mean_error_for_none() -> None:
    rng = np.random.default_rng(5)
    errors = rng.exponential(size=4000)
    best = risk_coverage_area(errors, errors)
    worst = risk_coverage_area(errors, -errors)
    blind = risk_coverage_area(errors, rng.random(4000))
    assert best < blind < worst
    assert blind == pytest.approx(errors.mean(), rel=0.05)
    assert risk_coverage_area(np.array([1.0, 3.0]), np.array([0.1, 0.2])) == pytest.approx((1 + 2) / 2)
