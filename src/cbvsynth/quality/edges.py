"""Edges of the images of one examination on one grid around the brain: what all contrasts have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import resample, resample_labels
from cbvsynth.domain.volume import Volume
from cbvsynth.registration import points_of

Image = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EDGE_SCALE_MM = 2.0
"""Voxels in plane at which edges are compared; ours: gyri are some 10 mm wide, and matrices of 64 to 512
voxels become comparable."""


@dataclass(frozen=True, eq=False)
class EdgeImages:
    """Images around the brain on one grid; every array is (X, Y, Z).

    images: by role, as they are, resampled.
    edges: by role, steepness in plane, per millimetre.
    brain: bool.
    grid: where they lie.
    """

    images: Mapping[str, Image]
    edges: Mapping[str, Image]
    brain: Mask
    grid: Grid


def edge_images(volumes: Mapping[str, Volume], anchor: Volume, mask: Mask, mask_grid: Grid) -> EdgeImages:
    """Bring images that lie on one another onto voxels of about `EDGE_SCALE_MM` around the brain.

    Args:
        volumes: by role, axes RAS, finite.
        anchor: the image whose axes the grid has.
        mask: (X, Y, Z) bool, brain.
        mask_grid: where the mask lies.
    """
    grid = _edge_grid(anchor, points_of(mask, mask_grid.affine))
    brain = resample_labels(Volume(mask.astype(np.float32), mask_grid.affine), grid).data > 0
    images = {role: resample(volume, grid).data for role, volume in volumes.items()}
    edges = {role: _edges(image, grid.spacing_mm) for role, image in images.items()}
    return EdgeImages(images, edges, brain, grid)


def _edge_grid(anchor: Volume, points_mm: Float64Array) -> Grid:
    """The anchor's voxels around the brain, joined to squares of about `EDGE_SCALE_MM` in plane."""
    inverse = np.linalg.inv(anchor.affine)
    indices = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
    low = np.clip(np.floor(indices.min(axis=0)), 0, np.array(anchor.shape) - 1).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)), low, np.array(anchor.shape) - 1).astype(int)
    joined = np.maximum(1, np.round(EDGE_SCALE_MM / np.array(anchor.spacing_mm))).astype(int)
    x, y, z = (int(size) for size in np.maximum(1, (high - low + 1) // joined))
    affine = anchor.affine.copy()
    affine[:3, :3] = anchor.affine[:3, :3] * joined
    affine[:3, 3] = anchor.affine[:3, :3] @ (low + (joined - 1) / 2.0) + anchor.affine[:3, 3]
    return Grid((x, y, z), affine)


def _edges(image: Image, spacing_mm: tuple[float, float, float]) -> Image:
    """Steepness along the two finest axes, per millimetre; 0 along an axis of one voxel."""
    finest = sorted(np.argsort(spacing_mm, kind="stable")[:2])
    steps = [
        np.gradient(image.astype(np.float64), spacing_mm[axis], axis=axis)
        for axis in finest
        if image.shape[axis] > 1
    ]
    magnitude: Image = np.sqrt(sum((step**2 for step in steps), np.zeros(image.shape)))
    return magnitude
