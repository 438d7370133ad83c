"""What a motion does to the brain, in millimetres."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.errors import GridError
from cbvsynth.registration.displacement import displacement_mm, largest_displacement_mm, points_of
from cbvsynth.registration.transform import RigidTransform


def test_the_centres_of_a_masks_voxels_are_in_ras_millimetres() -> None:
    mask = np.zeros((3, 4, 5), bool)
    mask[1, 2, 3] = mask[0, 0, 0] = True
    affine = np.array([[-2.0, 0, 0, 10], [0, 3, 0, 20], [0, 0, 4, 30], [0, 0, 0, 1]])
    np.testing.assert_array_equal(points_of(mask, affine), [[10, 20, 30], [8, 26, 42]])


def test_a_shift_moves_every_point_alike() -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = (3.0, 0.0, -4.0)
    points = np.random.default_rng(0).normal(size=(50, 3)) * 60
    assert displacement_mm(RigidTransform(matrix), points) == pytest.approx(5.0)
    assert largest_displacement_mm(RigidTransform(matrix), points) == pytest.approx(5.0)


def test_a_turn_moves_a_point_by_the_chord_of_its_circle() -> None:
    angle = np.deg2rad(10.0)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    points = np.array([[0.0, 0.0, 7.0], [70.0, 0.0, 0.0]])
    chord = 2 * 70.0 * np.sin(angle / 2)
    assert displacement_mm(RigidTransform(matrix), points) == pytest.approx(chord / 2)
    assert largest_displacement_mm(RigidTransform(matrix), points) == pytest.approx(chord)


def test_no_point_is_no_brain() -> None:
    with pytest.raises(GridError, match="no brain voxel"):
        displacement_mm(RigidTransform.identity(), np.empty((0, 3)))
