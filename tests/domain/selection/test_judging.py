"""A measure against its bounds: by its interval, by its estimate, and in every draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.selection.judging import Bounds, draw_patients, not_assessable
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.statistics import patient_bootstrap as boot
from tests.domain.selection.tables import table

RESAMPLES = draw_patients(table("encdec-t1", [0.8] * 6), GateSettings(bootstrap_samples=300))
REAL = np.zeros(6)
SYNTHETIC = np.asarray([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_the_interval_is_of_one_minus_twice_alpha():
    assert RESAMPLES.level == pytest.approx(0.9)


@pytest.mark.parametrize(("by_interval", "passed"), [(True, False), (False, True)])
def test_the_whole_interval_is_judged_or_the_estimate_alone(by_interval: object, passed: object):
    bounds = Bounds(-0.6, 0.6, 0.6, by_interval=by_interval)
    found = RESAMPLES.judge("bias", boot.bias, REAL, SYNTHETIC, bounds).saying("words")
    assert found.check.found == pytest.approx(0.5)
    assert found.check.high > 0.6
    assert (found.check.passed, found.check.text) == (passed, "words")


def test_each_draw_is_held_against_the_bounds():
    found = RESAMPLES.judge("bias", boot.bias, REAL, SYNTHETIC, Bounds(-0.6, 0.6, 0.6))
    means = RESAMPLES.weights @ SYNTHETIC / 6
    assert (found.holds == (means <= 0.6)).all()


def test_a_draw_of_none_of_the_examinations_does_not_ask():
    chosen = np.asarray([True] + [False] * 5)
    found = RESAMPLES.of(chosen).judge("bias", boot.bias, REAL[:1], SYNTHETIC[:1] + 9, Bounds(-1, 1, 1))
    absent = RESAMPLES.weights[:, 0] == 0
    assert absent.any()
    assert (found.holds == absent).all()


def test_what_was_found_is_said_with_its_interval():
    found = RESAMPLES.judge("bias", boot.bias, REAL, REAL + 0.25, Bounds(-1, 1, 1))
    assert found.words("+.2f") == "+0.25 (+0.25 to +0.25)"
    no_number = RESAMPLES.judge("bias", boot.bias, REAL, REAL + np.nan, Bounds(-1, 1, 1))
    assert no_number.words("+.2f") == "not a number"
    assert no_number.check.passed is False
    assert not no_number.holds.any()


def test_the_same_settings_draw_the_same_patients():
    again = draw_patients(table("fcgan-t1", [0.1] * 6), GateSettings(bootstrap_samples=300))
    assert (again.weights == RESAMPLES.weights).all()
    assert replace(RESAMPLES, level=0.5).level == 0.5


def test_what_cannot_be_assessed_neither_passes_nor_fails():
    assert not_assessable("name", "why", 1.0).check.passed is None
