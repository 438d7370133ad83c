"""A rigid motion and the affine of the image it concerns."""

from __future__ import annotations

import numpy as np

from cbvsynth.registration.transform import RigidTransform
from tests.registration.heads import brain_image, motion, moved


def test_identity_moves_nothing() -> None:
    affine = brain_image("t1").affine
    np.testing.assert_array_equal(RigidTransform.identity().moved(affine), affine)


def test_an_image_that_is_moved_back_lies_where_the_fixed_one_does() -> None:
    still = brain_image("t2")
    matrix = motion(1, 8.0, 9.0)
    transform = RigidTransform(matrix)
    np.testing.assert_allclose(transform.moved(moved(still, matrix).affine), still.affine, atol=1e-9)
    assert transform.matrix.dtype == np.float64
