"""A three-dimensional image with its place in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import VolumeError


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and where they lie.

    data: (X, Y, Z) float32, in the image's own unit; other number types are converted.
    affine: (4, 4) float64, from voxel indices to millimetres, RAS+.

    Raises:
        VolumeError: `data` is not three-dimensional or empty, or `affine` is not (4, 4), finite and
            invertible.
    """

    data: npt.NDArray[np.float32]
    affine: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", np.asarray(self.data, dtype=np.float32))
        object.__setattr__(self, "affine", np.asarray(self.affine, dtype=np.float64))
        if self.data.ndim != 3 or self.data.size == 0:
            raise VolumeError(f"A volume of shape {self.data.shape}; expected three dimensions, none empty.")
        problem = affine_problem(self.affine)
        if problem:
            raise VolumeError(
                f"A volume whose affine {problem}; expected a finite, invertible (4, 4) matrix."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each axis."""
        x, y, z = self.data.shape
        return x, y, z

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along each axis, mm."""
        return spacing_of(self.affine)

    def moved(self, move: npt.NDArray[np.floating] | None) -> Volume:
        """The same voxels elsewhere: `move`, (4, 4), takes their RAS millimetres there; None leaves them."""
        return self if move is None else Volume(self.data, move @ self.affine)


def spacing_of(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Voxel size, mm, of a (4, 4) affine: the lengths of its first three columns."""
    x, y, z = np.linalg.norm(affine[:3, :3], axis=0)
    return float(x), float(y), float(z)


def affine_problem(affine: npt.NDArray[np.float64]) -> str:
    """What makes an affine unusable, as the end of a sentence; empty when it is fine."""
    if affine.shape != (4, 4):
        return f"has shape {affine.shape}"
    if not np.isfinite(affine).all():
        return "is not finite"
    if not np.array_equal(affine[3], [0.0, 0.0, 0.0, 1.0]):
        return "has a last row other than 0 0 0 1"
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not (lengths > 0).all():
        return "has a voxel size of zero"
    if abs(np.linalg.det(affine[:3, :3] / lengths)) < _SMALLEST_DETERMINANT:
        return "is singular: two of its axes point the same way"
    return ""


_SMALLEST_DETERMINANT = 1e-3
"""Of the axes' unit vectors; orthogonal axes give 1, a gantry tilt of 80 degrees 0.17."""
