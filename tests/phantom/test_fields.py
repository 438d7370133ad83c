from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from cbvsynth.phantom.fields import LATTICE_MM, smooth_field, spline_weights

AXES = (np.linspace(-80, 80, 50), np.linspace(-100, 70, 48), np.linspace(-25, 70, 20))


def test_spline_weights_are_those_of_scipy() -> None:
    knots = 9
    positions = np.linspace(0.0, 1.0, 41)
    uniform = BSpline(np.arange(-3, knots + 1), np.eye(knots), 3)
    np.testing.assert_allclose(spline_weights(positions, knots), uniform(positions * (knots - 3)), atol=1e-12)


def test_spline_weights_sum_to_one_also_beyond_the_ends() -> None:
    weights = spline_weights(np.array([-0.5, 0.0, 0.37, 1.0, 1.5]), 4)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-14)


def test_a_field_is_the_tensor_product_of_its_lattice() -> None:
    spacing = 30.0
    field = smooth_field(np.random.default_rng(5), AXES, spacing)
    knots = [round((high - low) / spacing) + 3 for low, high in LATTICE_MM]
    lattice = np.random.default_rng(5).standard_normal(knots)
    weights = [
        spline_weights((axis - low) / (high - low), count)
        for axis, count, (low, high) in zip(AXES, knots, LATTICE_MM, strict=True)
    ]
    expected = np.einsum("xi,yj,zk,ijk->xyz", *weights, lattice) / (151 / 315) ** 1.5
    np.testing.assert_allclose(field, expected, atol=1e-12)


def test_fields_have_mean_zero_and_unit_spread_over_many_draws() -> None:
    draws = np.stack([smooth_field(np.random.default_rng(seed), AXES, 25.0) for seed in range(40)])
    assert draws.mean() == pytest.approx(0.0, abs=0.05)
    assert draws.std() == pytest.approx(1.0, abs=0.05)


def test_the_same_field_is_seen_at_every_resolution() -> None:
    coarse = smooth_field(np.random.default_rng(1), AXES, 20.0)
    finer = tuple(np.repeat(axis, 2) for axis in AXES)
    fine = smooth_field(np.random.default_rng(1), (finer[0], finer[1], finer[2]), 20.0)
    np.testing.assert_array_equal(fine[::2, ::2, ::2], coarse)
