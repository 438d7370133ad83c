"""The other half of the brain: where a region would lie if left and right were exchanged."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from cbvsynth.domain.geometry import Grid

BoolArray = npt.NDArray[np.bool_]
Float64Array = npt.NDArray[np.float64]

MOST_TILT = math.radians(20.0)
"""Of a head against the grid; a mask that fits best farther turned is not of a whole brain. Our choice."""
_POINTS = 20_000


def mirrored(region: BoolArray, mask: BoolArray, grid: Grid) -> BoolArray:
    """A region mirrored at the plane between the halves of the brain; inside the brain, away from itself.

    The plane is the upright one that brings the brain mask best onto itself, whatever the head's tilt.

    Args:
        region: (X, Y, Z) bool.
        mask: (X, Y, Z) bool, brain, not empty.
        grid: of both, axes RAS.
    """
    middle, normal = _plane(mask, grid)
    to_voxel: Float64Array = np.linalg.inv(grid.affine).astype(np.float64)
    places = np.argwhere(mask)
    points = places @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    source = _voxels(_across(points, middle, normal), to_voxel)
    # Asked from the target's side, so that no hole is left between voxels.
    hit = ndimage.map_coordinates(region.astype(np.uint8), source, order=0).astype(bool)
    found = np.zeros(mask.shape, dtype=np.bool_)
    found[tuple(places[hit].T)] = True
    return found & ~region


def _across(points: Float64Array, middle: Float64Array, normal: Float64Array) -> Float64Array:
    moved: Float64Array = points - 2.0 * np.outer((points - middle) @ normal, normal)
    return moved


def _voxels(points: Float64Array, to_voxel: Float64Array) -> Float64Array:
    places: Float64Array = (points @ to_voxel[:3, :3].T + to_voxel[:3, 3]).T
    return places


def _plane(mask: BoolArray, grid: Grid) -> tuple[Float64Array, Float64Array]:
    """A point of the plane between the halves, RAS mm, and its normal."""
    places = np.argwhere(mask)
    places = places[:: max(1, len(places) // _POINTS)]
    points = places @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    centre = points.mean(axis=0)
    to_voxel: Float64Array = np.linalg.inv(grid.affine).astype(np.float64)
    brain = mask.astype(np.float32)

    def plane(angles: Float64Array) -> tuple[Float64Array, Float64Array]:
        yaw, roll, shift_mm = angles[0], angles[1], 100.0 * angles[2]
        normal = np.array([math.cos(yaw) * math.cos(roll), math.sin(yaw) * math.cos(roll), math.sin(roll)])
        return centre + shift_mm * normal, normal

    def loss(angles: Float64Array) -> float:
        if max(abs(angles[0]), abs(angles[1])) > MOST_TILT:
            return 1.0
        source = _voxels(_across(points, *plane(angles)), to_voxel)
        return 1.0 - float(ndimage.map_coordinates(brain, source, order=1).mean())

    start = np.array([[0.0, 0.0, 0.0], [0.15, 0.0, 0.0], [0.0, 0.15, 0.0], [0.0, 0.0, 0.1]])
    options = {"initial_simplex": start, "maxfev": 80, "xatol": 1e-3, "fatol": 1e-4}
    best = optimize.minimize(loss, start[0], method="Nelder-Mead", options=options)
    return plane(best.x)
