"""The best of many looks better than it is."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.selection.optimism import selection_optimism


def names(count: int) -> np.ndarray:
    return np.asarray([f"p{place}" for place in range(count)])


def test_it_agrees_with_drawing_patients_one_by_one():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(4, 7))
    patients = np.asarray(["a", "a", "b", "c", "c", "c", "d"])
    found = selection_optimism(values, patients, 50, np.random.default_rng(9))
    drawn = np.random.default_rng(9).multinomial(4, [0.25] * 4, size=50)
    excess = []
    for counts in drawn:
        columns = [
            column
            for name, count in zip("abcd", counts, strict=True)
            for column in np.flatnonzero(patients == name).tolist() * int(count)
        ]
        means = values[:, columns].mean(axis=1)
        excess.append(means.max() - values.mean(axis=1)[means.argmax()])
    assert found == pytest.approx(np.mean(excess), abs=1e-12)


def test_one_model_and_no_model_are_not_selected():
    values = np.random.default_rng(1).normal(size=(1, 20))
    assert selection_optimism(values, names(20), 200, np.random.default_rng(0)) == 0.0
    assert selection_optimism(values[:0], names(20), 200, np.random.default_rng(0)) == 0.0


def test_models_with_a_missing_score_take_no_part():
    values = np.random.default_rng(2).normal(size=(3, 20))
    with_broken = np.vstack([values, np.full((1, 20), np.nan)])
    arguments = (names(20), 200)
    assert selection_optimism(with_broken, *arguments, np.random.default_rng(0)) == selection_optimism(
        values, *arguments, np.random.default_rng(0)
    )


def test_a_winner_far_ahead_is_hardly_flattered_and_a_lottery_is():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(30, 40))
    clear = noise.copy()
    clear[0] += 100
    lottery = selection_optimism(noise, names(40), 2000, np.random.default_rng(0))
    decided = selection_optimism(clear, names(40), 2000, np.random.default_rng(0))
    assert lottery > 0.15
    assert abs(decided) < 0.02
