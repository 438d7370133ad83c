"""Logistic regression with a ridge penalty, and probabilities for cases that it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.statistics.samples import Float64Array, Values, as_truth
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError

_MOST_ROUNDS = 100
_CONVERGED = 1e-10


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model: features are centred and scaled, then weighted; the weights are per deviation."""

    intercept: float
    weights: Float64Array
    centres: Float64Array
    scales: Float64Array

    def probability(self, features: npt.ArrayLike) -> Float64Array:
        """Probability of an event for each row of (n, k) features."""
        scaled = (np.asarray(features, dtype=np.float64) - self.centres) / self.scales
        return _sigmoid(self.intercept + scaled @ self.weights)


def fit_logistic(features: npt.ArrayLike, truth: Values, *, penalty: float = 1.0) -> Logistic:
    """Maximise the likelihood minus penalty / 2 times the squared weights, by Newton's method.

    The intercept is not penalised. A constant feature keeps a scale of 1 and gets the weight 0. With a
    positive penalty there is one answer also where the classes can be told apart perfectly.

    Args:
        features: (n, k), finite.
        truth: (n,) 1 for an event, 0 for a non-event.
        penalty: strength of the ridge, above 0.

    Raises:
        DataError: features that are not a finite table, no event or no non-event, or a penalty that is
            not above 0.

    Source: le Cessie S, van Houwelingen JC. Appl Stat 1992;41:191-201.
    """
    table = _table(features)
    events = as_truth(truth, length=len(table), least=1).astype(np.float64)
    if not penalty > 0:
        raise DataError(f"The penalty is {penalty:g}; expected a number above 0, as 1.")
    centres, spread = table.mean(axis=0), table.std(axis=0)
    scales = np.where(spread > 0, spread, 1.0)
    design = np.column_stack([np.ones(len(table)), (table - centres) / scales])
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 0.0
    weights = np.zeros(design.shape[1])
    value = _objective(design, events, weights, ridge)
    for _ in range(_MOST_ROUNDS):
        chances = _sigmoid(design @ weights)
        gradient = design.T @ (events - chances) - ridge * weights
        curvature = (design * (chances * (1 - chances))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (
            found := _objective(design, events, weights + size * step, ridge)
        ) < value - 1e-12 and size > 1e-6:
            size /= 2
        weights, value = weights + size * step, found
        if float(np.abs(size * step).max()) < _CONVERGED:
            break
    return Logistic(float(weights[0]), weights[1:], centres, scales)


def cross_validated(  # noqa: PLR0913  # the data, how they are parted, and the fit
    features: npt.ArrayLike,
    truth: Values,
    patients: Sequence[str],
    *,
    folds: int,
    rng: np.random.Generator,
    penalty: float = 1.0,
) -> Float64Array:
    """Probability of an event for each case, from a model that saw no case of the same patient.

    Patients are dealt to the folds at random, those with events and those without apart, so that every
    fold has both.

    Raises:
        DataError: as `fit_logistic`, not one patient a case, a patient with and without an event, or fewer
            patients of either kind than folds.
    """
    table = _table(features)
    events = as_truth(truth, length=len(table), least=1)
    if len(patients) != len(table):
        raise DataError(
            f"{counted(len(patients), 'patient')} for {counted(len(table), 'case')}; expected one each."
        )
    names = np.asarray(patients, dtype=np.str_)
    fold = np.full(len(table), -1)
    for kind in (True, False):
        own = np.unique(names[events == kind])
        if folds < 2 or own.size < folds:
            raise DataError(
                f"{own.size} patients of one kind for {folds} folds; expected 2 folds or more, and as many."
            )
        dealt = dict(zip(rng.permutation(own).tolist(), np.arange(own.size) % folds, strict=True))
        for place in np.flatnonzero(events == kind):
            fold[place] = dealt[str(names[place])]
    if set(names[events]) & set(names[~events]):
        raise DataError("A patient has cases with and without an event; expected one or the other.")
    chances = np.empty(len(table))
    for number in range(folds):
        left_out = fold == number
        fitted = fit_logistic(table[~left_out], events[~left_out], penalty=penalty)
        chances[left_out] = fitted.probability(table[left_out])
    return chances


def _table(features: npt.ArrayLike) -> Float64Array:
    table = np.asarray(features, dtype=np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise DataError(
            f"The features have shape {table.shape}; expected a finite table of cases by features."
        )
    return table


def _objective(
    design: Float64Array, events: Float64Array, weights: Float64Array, ridge: Float64Array
) -> float:
    scores = design @ weights
    return float(events @ scores - np.logaddexp(0.0, scores).sum() - 0.5 * (ridge * weights**2).sum())


def _sigmoid(scores: Float64Array) -> Float64Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)), dtype=np.float64)
