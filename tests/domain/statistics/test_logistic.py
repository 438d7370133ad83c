"""Ridge logistic regression against SciPy's optimiser, and folds that never split a patient."""

import numpy as np
import pytest
from scipy.optimize import minimize

from cbvsynth.domain.statistics.logistic import cross_validated, fit_logistic
from cbvsynth.errors import DataError


def data(cases=60, features=3, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 2
    return rng.normal(size=(cases, features)) * [1, 10, 0.1][:features] + shift * truth[:, None], truth


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_the_fit_is_the_optimisers(penalty):
    table, truth = data()
    fitted = fit_logistic(table, truth, penalty=penalty)
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)

    def loss(weights):
        scores = weights[0] + scaled @ weights[1:]
        return np.logaddexp(0, scores).sum() - truth @ scores + penalty / 2 * (weights[1:] ** 2).sum()

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    assert [fitted.intercept, *fitted.weights] == pytest.approx(best.x, rel=1e-3, abs=1e-4)
    assert loss(np.array([fitted.intercept, *fitted.weights])) <= loss(best.x) + 1e-9


def test_a_units_change_changes_no_probability_and_a_constant_feature_none():
    table, truth = data()
    expected = fit_logistic(table, truth).probability(table)
    assert fit_logistic(1000 * table - 5, truth).probability(1000 * table - 5) == pytest.approx(
        expected, abs=1e-9
    )
    wider = np.column_stack([table, np.full(len(table), 7.0)])
    fitted = fit_logistic(wider, truth)
    assert fitted.weights[-1] == 0
    assert fitted.probability(wider) == pytest.approx(expected, abs=1e-9)


def test_classes_that_can_be_told_apart_perfectly_have_a_finite_answer():
    table, truth = data(shift=100.0)
    fitted = fit_logistic(table, truth)
    assert np.isfinite(fitted.weights).all()
    assert ((fitted.probability(table) > 0.5) == truth).all()


def test_no_case_is_predicted_by_a_model_that_saw_its_patient():
    """Each patient's cases carry a mark that gives their truth away to a model that saw the patient."""
    rng, patients = np.random.default_rng(1), [f"p{number // 3}" for number in range(120)]
    truth = np.array([number // 3 % 2 for number in range(120)])
    marks = np.repeat(rng.normal(size=(40, 200)), 3, axis=0)
    chances = cross_validated(marks, truth, patients, folds=5, rng=rng)
    right = np.mean((chances > 0.5) == truth)
    assert 0.2 < right < 0.8, "noise tells nothing about an unseen patient"
    alone = [f"c{number}" for number in range(120)]
    leaked = cross_validated(marks, truth, alone, folds=5, rng=rng)
    assert np.mean((leaked > 0.5) == truth) > 0.95, "the same data split by case would leak"


def test_the_same_seed_deals_the_same_folds():
    table, truth = data()
    names = [str(number) for number in range(60)]
    one, two, other = (
        cross_validated(table, truth, names, folds=5, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("table", "truth", "penalty", "message"),
    [
        ([1.0, 2.0], [0, 1], 1, "shape"),
        ([[1.0], [np.nan]], [0, 1], 1, "finite table"),
        ([[1.0], [2.0]], [1, 1], 1, "0 non-events"),
        ([[1.0], [2.0]], [0, 1], 0, "penalty is 0"),
        ([[1.0]], [0, 1], 1, "2 values for 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(table, truth, penalty, message):
    with pytest.raises(DataError, match=message):
        fit_logistic(table, truth, penalty=penalty)


def test_folds_that_cannot_be_dealt_are_refused():
    table, truth = data(cases=10)
    rng = np.random.default_rng(1)
    names = [str(number) for number in range(10)]
    for folds in (1, 6):
        with pytest.raises(DataError, match="patients of one kind"):
            cross_validated(table, truth, names, folds=folds, rng=rng)
    with pytest.raises(DataError, match="with and without"):
        cross_validated(table, truth, ["same"] * 2 + names[2:], folds=2, rng=rng)
    with pytest.raises(DataError, match="expected one each"):
        cross_validated(table, truth, names[:-1], folds=2, rng=rng)
