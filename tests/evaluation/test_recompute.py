"""A verdict computed again: equal up to rounding, and every difference has a place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Verdict
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.evaluation.recompute import verdict_differences
from tests.domain.selection.tables import EVIDENCE, constant_mean, steady


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    models = [steady("encdec-t1", 0.8), steady("encdec-t2", 0.7)]
    return evaluate_sweep(
        models, constant_mean(), None, GateSettings(bootstrap_samples=100), EVIDENCE
    ).verdict


def test_equal_verdicts_differ_nowhere_and_rounding_is_no_difference(verdict: Verdict):
    assert verdict_differences(verdict, verdict) == ()
    assert verdict_differences(verdict, replace(verdict, optimism=verdict.optimism * (1 + 1e-12))) == ()


def test_a_difference_is_named_with_its_place(verdict: Verdict):
    assert verdict_differences(verdict, replace(verdict, models=3)) == ("models: stored 2, now 3",)
    (found,) = verdict_differences(verdict, replace(verdict, candidate=replace(verdict.candidate, rank=9)))
    assert found == "candidate.rank: stored 1, now 9"


def test_lists_of_different_length_are_told_by_their_length(verdict: Verdict):
    found = verdict_differences(verdict, replace(verdict, leaders=verdict.leaders[:1]))
    assert found == ("leaders: stored 2 entries, now 1",)
