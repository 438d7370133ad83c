"""Coarser copies of an image, to search on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample
from cbvsynth.domain.volume import Volume


def coarsened(volume: Volume, voxel_mm: float) -> Volume:
    """The mean over blocks of voxels, so that no axis has voxels smaller than about `voxel_mm`.

    Axes whose voxels are larger already stay as they are: a thick slice is not cut into thinner ones.
    """
    return resample(volume, _coarse_grid(Grid.of(volume), voxel_mm))


def coarsened_mask(mask: npt.NDArray[np.bool_], affine: npt.NDArray[np.float64], voxel_mm: float) -> Volume:
    """A mask (X, Y, Z) on the grid of `coarsened`: 1 where a quarter of the new voxel or more is inside."""
    share = coarsened(Volume(mask.astype(np.float32), affine), voxel_mm)
    return Volume((share.data > 0.25).astype(np.float32), share.affine)


def _coarse_grid(grid: Grid, voxel_mm: float) -> Grid:
    factors = [max(1, int(voxel_mm / spacing + 1e-6)) for spacing in grid.spacing_mm]
    x, y, z = (-(-size // factor) for size, factor in zip(grid.shape, factors, strict=True))
    affine = grid.affine @ np.diag([*factors, 1.0])
    affine[:3, 3] += grid.affine[:3, :3] @ ((np.array(factors) - 1.0) / 2.0)
    return Grid((x, y, z), affine)
