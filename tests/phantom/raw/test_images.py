from __future__ import annotations

import numpy as np

from cbvsynth.phantom.raw.case import raw_case
from cbvsynth.phantom.raw.protocol import RawSettings, plan_scan
from cbvsynth.phantom.streams import Streams


def test_an_image_lies_where_it_was_planned_and_its_truth_is_rigid() -> None:
    settings = RawSettings(matrix=48, slices=8)
    for role, image in raw_case(seed=2, patient=4, settings=settings).images.items():
        grid = plan_scan(role, settings, Streams(2, 4))
        assert image.voxels.shape == image.brain.shape == grid.shape
        np.testing.assert_array_equal(image.affine, grid.affine)
        turn = image.to_t1[:3, :3]
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(turn) > 0
        np.testing.assert_allclose(image.to_t1, image.displacement.inverse, atol=1e-12)
