"""Resamples of patients: known values of R, and what a resample is."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.statistics import patient_bootstrap as boot
from cbvsynth.domain.statistics.bootstrap import bootstrap_mean
from cbvsynth.domain.statistics.concordance import lin_concordance
from cbvsynth.domain.statistics.roc import auc
from cbvsynth.errors import DataError

REAL = np.asarray([5.2, 3.3, 2.1, 13.3, 10.3, 1.2])
SYNTHETIC = np.asarray([5.4, 3.6, 1.9, 13.0, 9.8, 1.0])
ONCE = np.ones((1, 6))
WEIGHTS = np.asarray([[2.0, 0, 1, 1, 0, 2]])
TRUTH = np.asarray([True] * 8 + [False] * 10)
FIRST = np.asarray(
    [
        *(0.62, 0.55, 0.48, 0.71, 0.33, 0.58, 0.40, 0.66, 0.50, 0.35, 0.45, 0.28, 0.60),
        0.38,
        0.22,
        0.41,
        0.30,
        0.52,
    ]
)
SECOND = np.asarray(
    [
        *(0.80, 0.66, 0.61, 0.88, 0.45, 0.70, 0.38, 0.79, 0.42, 0.25, 0.47, 0.20, 0.55),
        0.30,
        0.18,
        0.40,
        0.22,
        0.48,
    ]
)
DRAWN = np.asarray([[2.0, 0, 1, 1, 0, 2, 1, 1, 3, 1, 0, 0, 1, 1, 2, 0, 1, 1]])


@pytest.mark.parametrize(
    ("measure", "weights", "expected"),
    [
        (boot.slope, ONCE, 0.969126378286684),
        (boot.slope, WEIGHTS, 0.995648883844116),
        (boot.concordance, ONCE, 0.99759898720915),
        (boot.concordance, WEIGHTS, 0.998624353683412),
        (boot.bias, WEIGHTS, -0.0833333333333334),
        (boot.ratio, WEIGHTS, 0.982269503546099),
    ],
)
def test_weighted_measures_are_rs(measure: boot.Measure, weights: np.ndarray, expected: float):
    """R 4.2.2: coef(lm(y ~ x, weights = w)); cov.wt(cbind(x, y), w / sum(w), method = "ML")."""
    assert measure(weights, REAL, SYNTHETIC)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("weights", "scores", "expected"),
    [
        (np.ones((1, 18)), FIRST, 0.7875),
        (np.ones((1, 18)), SECOND, 0.9),
        (DRAWN, FIRST, 0.85),
        (DRAWN, SECOND, 0.9375),
    ],
)
def test_the_area_of_a_resample_is_rs(weights: np.ndarray, scores: np.ndarray, expected: float):
    """R 4.2.2, pROC 1.18.0: auc(roc(rep(truth, w), rep(p, w), direction = "<"))."""
    assert boot.area_under_roc(weights, TRUTH, scores)[0] == pytest.approx(expected, rel=1e-9)


def test_without_weights_the_measures_are_the_other_modules():
    assert boot.concordance(ONCE, REAL, SYNTHETIC)[0] == pytest.approx(
        lin_concordance(REAL, SYNTHETIC).concordance, rel=1e-12
    )
    tied = np.round(FIRST, 1)
    assert boot.area_under_roc(np.ones((1, 18)), TRUTH, tied)[0] == pytest.approx(auc(TRUTH, tied).auc)
    assert boot.mean_of_measured(ONCE, REAL, SYNTHETIC)[0] == pytest.approx(SYNTHETIC.mean())


def test_a_drawn_patient_brings_all_examinations_along():
    weights = boot.patient_weights(["b", "a", "b", "c"], 500, np.random.default_rng(1))
    assert weights.shape == (500, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_is_the_one_of_the_other_module():
    patients = ["a", "a", "b", "c", "d", "e"]
    weights = boot.patient_weights(patients, 400, np.random.default_rng(7))
    found = boot.resampled(boot.bias, weights, REAL, SYNTHETIC, 0.9)
    other = bootstrap_mean(SYNTHETIC - REAL, patients, samples=400, rng=np.random.default_rng(7), level=0.9)
    assert (found.found, found.low, found.high) == pytest.approx((other.mean, other.low, other.high))


def test_draws_without_any_spread_are_left_out_of_the_interval():
    weights = boot.patient_weights(["a", "b"], 200, np.random.default_rng(3))
    real, synthetic = np.asarray([1.0, 2.0]), np.asarray([1.5, 2.5])
    found = boot.resampled(boot.slope, weights, real, synthetic, 0.9)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))
    assert np.isnan(found.draws).any()


def test_the_coverage_of_the_interval_of_a_slope_is_about_its_level():
    """200 studies of 40 patients with a true slope of 0.8: 90 % intervals hold it 90 +- 6 % of the time."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        real = rng.lognormal(1.2, 0.6, 40)
        synthetic = 0.8 * real + rng.normal(0, 0.6, 40)
        weights = boot.patient_weights([str(one) for one in range(40)], 300, rng)
        found = boot.resampled(boot.slope, weights, real, synthetic, 0.9)
        held += found.low <= 0.8 <= found.high
    assert 0.80 <= held / 200 <= 0.96


def test_a_value_that_is_no_number_is_no_interval():
    found = boot.resampled(boot.bias, ONCE, REAL, np.where(REAL > 10, np.nan, REAL), 0.9)
    assert np.isnan([found.found, found.low, found.high]).all()


def test_a_level_is_between_0_and_1():
    with pytest.raises(DataError, match="level of confidence is 1"):
        boot.resampled(boot.bias, ONCE, REAL, SYNTHETIC, 1.0)
