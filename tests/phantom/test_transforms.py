from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cbvsynth.phantom.transforms import (
    STILL,
    TURNING_POINT_MM,
    Displacement,
    compose,
    draw_displacement,
    rigid_inverse,
    rotation,
)

AXIS = (0.6, 0.0, 0.8)


def test_a_rotation_is_scipys() -> None:
    expected = Rotation.from_rotvec(np.deg2rad(25.0) * np.array(AXIS)).as_matrix()
    np.testing.assert_allclose(rotation(AXIS, 25.0), expected, atol=1e-14)


def test_a_displacement_turns_about_the_middle_of_the_head_and_then_shifts() -> None:
    moved = Displacement((1.0, -2.0, 3.0), AXIS, 12.0).matrix @ np.array([*TURNING_POINT_MM, 1.0])
    np.testing.assert_allclose(moved[:3], np.add(TURNING_POINT_MM, (1.0, -2.0, 3.0)))


def test_composition_and_inverse_are_those_of_matrices() -> None:
    one, two = Displacement((4, 5, 6), AXIS, 8).matrix, Displacement((-1, 0, 2), (0, 0, 1), -3).matrix
    np.testing.assert_allclose(compose(one, two), one @ two, atol=1e-12)
    np.testing.assert_allclose(rigid_inverse(one), np.linalg.inv(one), atol=1e-12)
    np.testing.assert_allclose(STILL.matrix, np.eye(4))


def test_drawn_displacements_fill_what_is_allowed_and_no_more() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_displacement(rng, 10.0, 6.0) for _ in range(500)]
    assert 9.5 < max(one.millimetres for one in drawn) <= 10.0
    assert 5.7 < max(one.degrees for one in drawn) <= 6.0
    assert min(one.millimetres for one in drawn) < 0.5
    assert np.abs(np.mean([one.shift_mm for one in drawn], axis=0)).max() < 0.6


def test_the_largest_of_nothing_is_no_displacement() -> None:
    still = draw_displacement(np.random.default_rng(1), 0.0, 0.0)
    assert still.millimetres == pytest.approx(0.0)
    np.testing.assert_allclose(still.matrix, np.eye(4), atol=1e-12)
