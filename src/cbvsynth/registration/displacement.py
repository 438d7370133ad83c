"""What a rigid motion does to a brain, in millimetres: this is judged, shown and stored, never an angle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import GridError
from cbvsynth.registration.transform import RigidTransform

Float64Array = npt.NDArray[np.float64]


def points_of(mask: npt.NDArray[np.bool_], affine: Float64Array) -> Float64Array:
    """Centres of a mask's voxels (X, Y, Z) in RAS millimetres, (N, 3) float64; `affine` is (4, 4)."""
    points: Float64Array = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    return points


def displacement_mm(transform: RigidTransform, points_ras_mm: Float64Array) -> float:
    """Mean distance, mm, by which a transform moves points (N, 3), as those of the brain.

    Raises:
        GridError: there is no point.
    """
    return float(_distances_mm(transform, points_ras_mm).mean())


def largest_displacement_mm(transform: RigidTransform, points_ras_mm: Float64Array) -> float:
    """Largest distance, mm, by which a transform moves points (N, 3).

    Raises:
        GridError: there is no point.
    """
    return float(_distances_mm(transform, points_ras_mm).max())


def _distances_mm(transform: RigidTransform, points_ras_mm: Float64Array) -> Float64Array:
    if len(points_ras_mm) == 0:
        raise GridError("There is no brain voxel to measure a displacement of. Check the mask.")
    change = transform.matrix - np.eye(4)
    distances: Float64Array = np.linalg.norm(points_ras_mm @ change[:3, :3].T + change[:3, 3], axis=1)
    return distances
