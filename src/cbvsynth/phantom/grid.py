"""The grid of an examination, and the finer one on which physics happens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import UsageError

Float64Array = npt.NDArray[np.float64]

FIELD_OF_VIEW_MM = 220.0
"""In-plane field of view, as the paper's 320 x 0.6875 mm."""
SLAB_MM = 96.0
"""Height of the imaged slab; slices divide it, whatever their number."""
CENTRE_MM = (0.0, -17.0, 22.0)
"""RAS position of the middle of the slab: from the temporal lobes to below the vertex."""
HEAD_REACH_MM = (90.0, 106.0)
"""Largest distance of brain from the middle along x and y, with room for the largest head."""
_FINE_IN_PLANE_MM = 1.8
_FINE_THROUGH_MM = 4.0
_MOST_PARTS = 2


@dataclass(frozen=True)
class Grid:
    """An axial grid of `matrix` x `matrix` x `slices` voxels over the phantom's slab.

    Raises:
        UsageError: fewer than 16 voxels in plane or 7 slices, or more than 512 of either.
    """

    matrix: int
    slices: int

    def __post_init__(self) -> None:
        if not 16 <= self.matrix <= 512:
            raise UsageError(f"matrix is {self.matrix}; the phantom has 16 to 512 voxels in plane.")
        if not 7 <= self.slices <= 512:
            raise UsageError(
                f"slices is {self.slices}; the phantom has 7 (SSIM's window) to 512 slices. "
                "An examination with fewer is one of the planted faults."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along x, y, z."""
        return self.matrix, self.matrix, self.slices

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along x, y, z."""
        in_plane = FIELD_OF_VIEW_MM / self.matrix
        return in_plane, in_plane, SLAB_MM / self.slices

    @property
    def origin_mm(self) -> tuple[float, float, float]:
        """RAS position of the centre of voxel (0, 0, 0)."""
        x, y, z = (
            centre - 0.5 * (size - 1) * spacing
            for centre, size, spacing in zip(CENTRE_MM, self.shape, self.spacing_mm, strict=True)
        )
        return x, y, z

    @property
    def parts(self) -> tuple[int, int, int]:
        """Parts into which each voxel is cut along x, y, z; a voxel's signal is the mean of its parts."""
        in_plane, _, through = self.spacing_mm
        across = min(_MOST_PARTS, max(1, round(in_plane / _FINE_IN_PLANE_MM)))
        return across, across, max(1, round(through / _FINE_THROUGH_MM))

    @property
    def head(self) -> tuple[slice, slice]:
        """Voxels along x and y that a head can reach; physics outside would only compute zeros."""
        ranges = []
        for reach, centre, origin, spacing, size in zip(
            HEAD_REACH_MM, CENTRE_MM, self.origin_mm, self.spacing_mm, self.shape, strict=False
        ):
            first = math.floor((centre - reach - origin) / spacing)
            last = math.ceil((centre + reach - origin) / spacing)
            ranges.append(slice(max(0, first), min(size, last + 1)))
        return ranges[0], ranges[1]

    def fine_axes_mm(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """RAS positions of the parts' centres along x, y, z, where a head can be."""
        every = [
            origin + ((np.arange(size * parts) + 0.5) / parts - 0.5) * spacing
            for origin, size, parts, spacing in zip(
                self.origin_mm, self.shape, self.parts, self.spacing_mm, strict=True
            )
        ]
        for axis, (reached, parts) in enumerate(zip(self.head, self.parts, strict=False)):
            every[axis] = every[axis][reached.start * parts : reached.stop * parts]
        return every[0], every[1], every[2]

    def voxel_means(self, fine: Float64Array) -> Float64Array:
        """Mean over the parts of each voxel: the partial volume effect. Fine grid in, `shape` out."""
        parts = self.parts
        result = np.zeros(self.shape)
        within = result[self.head]
        for i, j, k in product(*(range(count) for count in parts)):
            within += fine[i :: parts[0], j :: parts[1], k :: parts[2]]
        result /= math.prod(parts)
        return result
