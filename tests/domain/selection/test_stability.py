"""How far a verdict depends on who was held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.settings import GateSettings
from tests.domain.selection.tables import EVIDENCE, constant_mean, scored, steady, table

SETTINGS = GateSettings(bootstrap_samples=400)


def stability(*models: object, **limits: object):
    return evaluate_sweep(
        models, constant_mean(), None, replace(SETTINGS, **limits), EVIDENCE
    ).verdict.stability


def test_a_winner_that_is_best_in_every_patient_wins_every_draw():
    found = stability(steady("encdec-t1", 0.9), steady("encdec-t2", 0.8))
    assert (found.draws, found.same_winner, found.no_winner, found.rivals) == (400, 1.0, 0.0, {})


def test_two_models_that_are_best_in_half_of_the_patients_share_the_draws():
    first = scored("encdec-t1", table("encdec-t1", [0.9, 0.7] * 6))
    second = scored("encdec-t2", table("encdec-t2", [0.7, 0.9] * 5 + [0.7, 0.88]))
    found = stability(first, second)
    assert 0.4 < found.same_winner < 0.7
    assert found.same_winner + found.rivals["encdec-t2"] == pytest.approx(1.0)


def test_draws_in_which_a_measure_leaves_its_limits_choose_nobody():
    """The mean of the bias is 0.75; in some draws it is above 1."""
    model = scored("encdec-t1", table("encdec-t1", [0.9] * 12, lesions=[0.0, 1.5] * 6))
    found = stability(model, min_diagnosis_patients=50, max_lesion_bias=1.2)
    draws = np.random.default_rng(SETTINGS.seed).multinomial(12, np.full(12, 1 / 12), size=400)
    above = (draws @ np.asarray([0.0, 1.5] * 6) / 12 > 1.2).mean()
    assert found.same_winner is not None
    assert found.no_winner == pytest.approx(above)
    assert 0 < found.no_winner < 0.2


def test_without_a_candidate_nobody_wins():
    found = stability(steady("encdec-t1", 0.4))
    assert (found.same_winner, found.no_winner) == (None, 1.0)


def test_one_patient_cannot_be_drawn_again():
    def of_one(scores: tuple[ExamScore, ...]) -> tuple[ExamScore, ...]:
        return tuple(replace(score, subject_id="p0") for score in scores)

    model = scored("encdec-t1", of_one(table("encdec-t1", [0.9] * 12)))
    found = stability(model)
    assert (found.same_winner, found.no_winner, found.rivals) == (None, None, {})
