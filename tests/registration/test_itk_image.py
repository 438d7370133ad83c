"""SimpleITK's side of a volume."""

from __future__ import annotations

import numpy as np
import SimpleITK

from cbvsynth.domain.volume import Volume
from cbvsynth.registration.itk_image import itk_image, ras_matrix
from tests.registration.heads import motion

AFFINE = motion(1, 20.0, 15.0) @ np.diag([1.5, 2.0, 5.0, 1.0])


def test_a_voxel_lies_where_it_lay_but_to_the_left_and_back() -> None:
    values = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32)
    image = itk_image(Volume(values, AFFINE))
    assert image.GetPixel(3, 1, 2) == float(values[3, 1, 2])
    expected = (AFFINE @ [3, 1, 2, 1])[:3] * [-1, -1, 1]
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint((3, 1, 2)), expected, atol=1e-9)


def test_a_transform_takes_a_place_to_the_same_place_in_ras() -> None:
    transform = SimpleITK.Euler3DTransform((3.0, -8.0, 5.0), 0.1, -0.2, 0.05, (4.0, 2.0, -1.0))
    place = np.array([10.0, 20.0, -5.0])
    expected = np.array(transform.TransformPoint((place * [-1, -1, 1]).tolist())) * [-1, -1, 1]
    found = ras_matrix(transform) @ [*place, 1.0]
    np.testing.assert_allclose(found[:3], expected, atol=1e-9)
