"""Mutual information between the voxels."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.registration import RigidTransform, displacement_mm
from cbvsynth.registration.information import BINS, SharedInformation, places_around
from tests.registration.heads import affine_of, brain_image, case, motion

STILL = np.zeros(6)


def places() -> np.ndarray:
    return places_around(case().brain, affine_of(case()))


def test_places_are_the_same_for_the_same_region_and_close_to_it() -> None:
    first, second = places(), places()
    assert first.tobytes() == second.tobytes()
    inverse = np.linalg.inv(affine_of(case()))
    middle = (first.mean(axis=0) @ inverse[:3, :3].T + inverse[:3, 3]).round()
    np.testing.assert_allclose(middle, np.argwhere(case().brain).mean(axis=0), atol=1.0)


def test_it_is_what_a_histogram_by_hand_says() -> None:
    """Oracle: the definition, on values that stand in the middle of their bins."""
    rng = np.random.default_rng(3)
    fixed = rng.integers(0, BINS, size=(12, 12, 12)).astype(np.float32)
    moving = np.where(rng.random(fixed.shape) < 0.5, fixed, rng.integers(0, BINS, fixed.shape))
    moving[0, 0, :2], fixed[0, 0, :2] = (0, BINS - 1), (0, BINS - 1)
    voxels = np.argwhere(np.ones(fixed.shape, bool)).astype(np.float64)
    found = SharedInformation([Volume(fixed, np.eye(4))], Volume(moving, np.eye(4)), voxels)(STILL)
    joint = np.zeros((BINS, BINS))
    for one, other in zip(fixed.ravel(), moving.ravel(), strict=True):
        joint[min(int(one / (BINS - 1) * BINS), BINS - 1), int(other)] += 1.0 / fixed.size
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    known = joint > 0
    assert found == pytest.approx(float((joint[known] * np.log(joint[known] / alone[known])).sum()), rel=1e-9)


def test_an_image_shares_most_with_another_where_both_lie() -> None:
    """On one coarse grid a shift by half a voxel used to win: it takes the noise away."""
    information = SharedInformation([brain_image("t1")], brain_image("cbv"), places())
    still = information(STILL)
    for axis in range(6):
        for side in (-2.0, 2.0):
            assert information(side * np.eye(6)[axis]) < still


def test_six_numbers_and_a_transform_are_one_motion() -> None:
    information = SharedInformation([brain_image("t1")], brain_image("t2"), places())
    matrix = motion(3, 5.0, 7.0)
    numbers = information.motion_mm(RigidTransform(matrix))
    np.testing.assert_allclose(information.transform(numbers).matrix, matrix, atol=1e-9)
    expected = displacement_mm(RigidTransform(matrix), places())
    assert information.displacement_mm(numbers) == pytest.approx(expected, rel=0.02)


def test_images_that_do_not_meet_or_say_nothing_share_nothing() -> None:
    flat = Volume(np.full(case().brain.shape, 3.0), affine_of(case()))
    assert SharedInformation([brain_image("t1")], flat, places())(STILL) == 0.0
    far = np.array([0, 0, 0, 900.0, 0, 0])
    assert SharedInformation([brain_image("t1")], brain_image("t2"), places())(far) == 0.0
