"""Simulated readers: exact reading tells all, blurred reading little, and CBV helps as far as it differs."""

import numpy as np
import pytest

from cbvsynth.domain.clinical import analyse_reads
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.simulated_readers import TASKS, LesionFeatures, simulate_reads
from cbvsynth.errors import DataError
from cbvsynth.phantom.tissues import Diagnosis


def lesions(signal_gap=0.0, cbv_gap=0.0, count=60):
    rng = np.random.default_rng(0)
    return [
        LesionFeatures(
            f"e{number}",
            f"p{number}",
            "task",
            number % 2 == 1,
            tuple(np.exp(signal_gap * (number % 2) + 0.1 * rng.normal(size=5))),
            tuple(np.exp(cbv_gap * (number % 2) + 0.1 * rng.normal(size=2))),
            dict.fromkeys(MapKind, 1.0),
        )
        for number in range(count)
    ]


def areas(found, error):
    reads = simulate_reads(found, ["A"], reading_error=error, folds=5, rng=np.random.default_rng(1))
    (row,) = analyse_reads(reads).results
    return row.standard.auc, row.with_cbv.auc


def test_what_differs_is_found_where_it_is_read():
    assert areas(lesions(signal_gap=1.0), 0.0) == (1.0, 1.0)
    standard, with_cbv = areas(lesions(cbv_gap=1.0), 0.1)
    assert standard < 0.75
    assert with_cbv > 0.98


def test_the_error_takes_away_what_can_be_read():
    exact, blurred = areas(lesions(signal_gap=0.3), 0.05)[0], areas(lesions(signal_gap=0.3), 2.0)[0]
    assert exact > 0.95
    assert blurred < 0.75


def test_readers_err_apart_and_a_seed_gives_the_reads_again():
    one, two = (
        simulate_reads(lesions(0.3), ["A", "B"], reading_error=0.3, folds=5, rng=np.random.default_rng(seed))
        for seed in (1, 1)
    )
    assert one == two
    by_reader = {who: [read.p_standard for read in one if read.reader == who] for who in "AB"}
    assert by_reader["A"] != by_reader["B"]


def test_features_without_a_logarithm_and_negative_errors_are_refused():
    rng = np.random.default_rng(1)
    with pytest.raises(DataError, match="not above 0"):
        simulate_reads(
            [*lesions(), LesionFeatures("x", "x", "task", True, (1.0,) * 5, (0.0, 1.0), {})],
            ["A"],
            reading_error=0.1,
            folds=5,
            rng=rng,
        )
    with pytest.raises(DataError, match="reading error is -1"):
        simulate_reads(lesions(), ["A"], reading_error=-1, folds=5, rng=rng)


def test_the_tasks_ask_about_diagnoses_of_the_phantom():
    assert {answer for task in TASKS for answer in (task.yes, task.no)} <= set(Diagnosis)
