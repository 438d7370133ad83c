"""Rare CBV counts more, common CBV less, and all of it together as much as before."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.strata import MOST, stratum_weights

BRAIN = np.ones((10, 10, 10), np.bool_)


def test_two_values_count_alike_in_sum() -> None:
    cbv = np.full((10, 10, 10), 2.0, np.float32)
    cbv[:2] = 8.0  # a fifth
    weights = stratum_weights(cbv, BRAIN)
    assert weights[:2].sum() == pytest.approx(weights[2:].sum(), rel=1e-5)
    assert weights.mean() == pytest.approx(1.0)


def test_a_voxel_counts_at_most_so_often_as_the_limit_says() -> None:
    cbv = np.full((10, 10, 10), 2.0, np.float32)
    cbv[0, 0, :6] = 9.0
    weights = stratum_weights(cbv, BRAIN)
    assert weights.max() / weights.min() == pytest.approx(MOST)


def test_the_background_counts_nothing_and_one_value_as_before() -> None:
    inside = BRAIN.copy()
    inside[5:] = False
    for value in (0.0, 3.0):
        weights = stratum_weights(np.full(BRAIN.shape, value, np.float32), inside)
        assert np.array_equal(weights, inside.astype(np.float32))
    assert not stratum_weights(np.ones(BRAIN.shape, np.float32), ~BRAIN).any()


def test_the_unit_does_not_matter() -> None:
    cbv = np.random.default_rng(0).gamma(2.0, 1.5, BRAIN.shape).astype(np.float32)
    np.testing.assert_allclose(stratum_weights(cbv, BRAIN), stratum_weights(cbv / 25, BRAIN), rtol=1e-4)
