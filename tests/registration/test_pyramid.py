"""Coarser copies to search on."""

from __future__ import annotations

import numpy as np

from cbvsynth.domain.volume import Volume
from cbvsynth.registration.pyramid import coarsened, coarsened_mask

AFFINE = np.array([[-1.0, 0, 0, 20], [0, 1, 0, -30], [0, 0, 5, 7], [0, 0, 0, 1]])


def test_thin_axes_are_averaged_in_blocks_and_thick_ones_stay() -> None:
    values = np.random.default_rng(0).normal(size=(16, 24, 6)).astype(np.float32)
    coarse = coarsened(Volume(values, AFFINE), 4.0)
    np.testing.assert_allclose(coarse.data, values.reshape(4, 4, 6, 4, 6).mean(axis=(1, 3)), atol=1e-5)
    assert coarse.spacing_mm == (4.0, 4.0, 5.0)
    np.testing.assert_allclose(coarse.affine[:3, 3], (18.5, -28.5, 7.0))


def test_an_image_that_is_coarse_already_keeps_its_voxels() -> None:
    volume = Volume(np.arange(24.0).reshape(2, 3, 4), AFFINE)
    assert coarsened(volume, 1.0).data is volume.data


def test_a_block_counts_as_brain_from_a_quarter_on() -> None:
    mask = np.zeros((4, 2, 1), bool)
    mask[0, :, 0] = True
    mask[2, 0, 0] = True
    coarse = coarsened_mask(mask, AFFINE, 2.0)
    np.testing.assert_array_equal(coarse.data[:, 0, 0], [1.0, 0.0])
