"""Edges of images on one grid around the brain."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.volume import Volume
from cbvsynth.quality.edges import EDGE_SCALE_MM, edge_images


def test_voxels_are_joined_to_two_millimetres_around_the_brain() -> None:
    affine = np.diag([0.5, 0.5, 5.0, 1.0])
    ramp = np.broadcast_to(np.arange(80.0)[:, None, None], (80, 60, 6)).astype(np.float32)
    brain = np.zeros(ramp.shape, np.bool_)
    brain[20:60, 12:44, 1:5] = True
    volume = Volume(ramp, affine)

    shown = edge_images({"t1": volume}, volume, brain, Grid.of(volume))

    assert shown.grid.spacing_mm == (EDGE_SCALE_MM, EDGE_SCALE_MM, 5.0)
    assert shown.grid.shape == (10, 8, 4)
    assert shown.brain.all()
    # 1 a voxel of half a millimetre, and nothing along the other axes
    np.testing.assert_allclose(shown.edges["t1"], 2.0, rtol=1e-5)
    np.testing.assert_allclose(shown.images["t1"][0], 21.5)
