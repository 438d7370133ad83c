"""Where voxels lie: grids, their orientation, and how far two of them agree.

World coordinates are millimetres, x to the right, y to the front, z to the top of the head (RAS). A
voxel index points at the centre of its voxel, so that axis i of a grid reaches from -0.5 to n - 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.examination import DIRECTIONS
from cbvsynth.domain.volume import Volume, affine_problem, spacing_of
from cbvsynth.errors import GridError

Float64Array = npt.NDArray[np.float64]
Scalar = TypeVar("Scalar", bound=np.generic)

_OVERLAP_POINTS = 16
"""Points per axis at which the overlap of two fields of view is counted."""
BORDER = 1e-6
"""A centre this part of a voxel outside a field of view still lies on its border."""
MAX_UNREGISTERED_MM = 3.0
"""Largest mean displacement of a brain between two images that nobody moves onto each other; the default of
validate, and the rule of preprocess and predict. Decision 0067: less than a slice, more than the error of the
registration."""
GRID_TOLERANCE = 0.05
"""An image lies on a grid when no voxel's centre is off by more than this part of a voxel, along any axis.
Chosen here: programs that store one affine as a matrix, as a quaternion or in text leave up to a few
hundredths of a voxel; interpolating for so little would blur the image and gain nothing."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Shape of a volume and its affine, (4, 4) float64, from voxel indices to RAS millimetres.

    Raises:
        GridError: an axis is empty, or the affine is not (4, 4), finite and invertible.
    """

    shape: tuple[int, int, int]
    affine: Float64Array

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GridError(f"A grid has shape {self.shape}; expected three axes of at least one voxel.")
        affine = np.asarray(self.affine, dtype=np.float64)
        problem = affine_problem(affine)
        if problem:
            raise GridError(f"A grid whose affine {problem}; expected a finite, invertible (4, 4) matrix.")
        object.__setattr__(self, "affine", affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxels along each axis, mm."""
        return spacing_of(self.affine)

    @property
    def centre_mm(self) -> Float64Array:
        """World position of the middle of the field of view, (3,) float64, mm."""
        middle = (np.array(self.shape, dtype=np.float64) - 1.0) / 2.0
        centre: Float64Array = self.affine[:3, :3] @ middle + self.affine[:3, 3]
        return centre

    @classmethod
    def of(cls, volume: Volume) -> Grid:
        """Grid of a volume."""
        return cls(volume.shape, volume.affine)


@dataclass(frozen=True)
class Reorientation:
    """Order and direction of axes: new axis k is old axis `order[k]`, read backwards if `flipped[k]`."""

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    def apply(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """The array (X, Y, Z) with its axes in the new order; a view, no voxel is copied."""
        return array.transpose(self.order)[self._steps(self.flipped)]

    def undo(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """The array (X, Y, Z) as it was before `apply`; a view, no voxel is copied."""
        return array[self._steps(self.flipped)].transpose(np.argsort(self.order))

    def apply_to_grid(self, grid: Grid) -> Grid:
        """The same places in the world, counted along the new axes."""
        index_map = np.zeros((4, 4))
        index_map[3, 3] = 1.0
        for new, (old, flipped) in enumerate(zip(self.order, self.flipped, strict=True)):
            index_map[old, new] = -1.0 if flipped else 1.0
            index_map[old, 3] = grid.shape[old] - 1.0 if flipped else 0.0
        x, y, z = (grid.shape[old] for old in self.order)
        return Grid((x, y, z), grid.affine @ index_map)

    @staticmethod
    def _steps(flipped: tuple[bool, bool, bool]) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1 if flip else 1) for flip in flipped)


def canonical_reorientation(affine: Float64Array) -> Reorientation:
    """How axes must be turned so that they run as close to right, front and top as voxels allow.

    Oblique axes stay oblique: voxels are reordered, never interpolated. Each voxel axis takes the world
    axis that it lies closest to and that is still free, those that lie closest choosing first.

    Args:
        affine: (4, 4) float64, voxel indices to RAS millimetres, invertible.
    """
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    left, _, right = np.linalg.svd(directions)
    rotation = left @ right  # the orthogonal matrix nearest to the directions: shear is left out
    order, flipped = [0, 0, 0], [False, False, False]
    free = np.ones(3, dtype=bool)
    for voxel_axis in np.argsort(np.min(-(rotation**2), axis=0)):
        closeness = np.where(free, np.abs(rotation[:, voxel_axis]), -1.0)
        world_axis = int(np.argmax(closeness))
        free[world_axis] = False
        order[world_axis] = int(voxel_axis)
        flipped[world_axis] = bool(rotation[world_axis, voxel_axis] < 0.0)
    return Reorientation((order[0], order[1], order[2]), (flipped[0], flipped[1], flipped[2]))


def axes_of(affine: Float64Array) -> str:
    """Where the voxel axes run, to the nearest direction of the head: one of `ORIENTATIONS`."""
    turn = canonical_reorientation(affine)
    letters = {
        old: pair[not flipped]
        for pair, old, flipped in zip(DIRECTIONS, turn.order, turn.flipped, strict=True)
    }
    return "".join(letters[axis] for axis in range(3))


def centred_grid(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float], axes: str) -> Grid:
    """A grid whose axes run as stated, one of `ORIENTATIONS`, and whose middle is the world's origin."""
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for voxel_axis, letter in enumerate(axes):
        world_axis = next(axis for axis, pair in enumerate(DIRECTIONS) if letter in pair)
        sign = 1.0 if letter == DIRECTIONS[world_axis][1] else -1.0
        affine[world_axis, voxel_axis] = sign * spacing_mm[voxel_axis]
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1.0) / 2.0)
    return Grid(shape, affine)


def in_place_of(grid: Grid, reference: Grid) -> Grid:
    """The grid moved to where another one lies, its axes in their own order and direction.

    Turned to RAS, both must have the same shape.
    """
    to_ras = np.linalg.inv(grid.affine) @ canonical_grid(grid).affine
    return Grid(grid.shape, canonical_grid(reference).affine @ np.linalg.inv(to_ras))


def canonical_grid(grid: Grid) -> Grid:
    """The grid with its axes turned to RAS; the same voxels, counted in another order."""
    return canonical_reorientation(grid.affine).apply_to_grid(grid)


def to_canonical(volume: Volume) -> Volume:
    """The volume with its axes turned to RAS; its voxels keep their values and places."""
    data = canonical_reorientation(volume.affine).apply(volume.data)
    return Volume(np.ascontiguousarray(data), canonical_grid(Grid.of(volume)).affine)


def from_canonical(volume: Volume, original: Grid) -> Volume:
    """Turn a canonical volume back to the axes of the grid it came from, whose affine it gets exactly.

    Args:
        volume: on the grid that `to_canonical` makes of `original`.
        original: shape and affine as they were in the file.

    Raises:
        GridError: the volume does not lie on the canonical form of `original`.
    """
    expected = canonical_grid(original)
    if not grids_equal(Grid.of(volume), expected):
        raise GridError(
            f"A volume of shape {volume.shape}, spacing {_numbers(volume.spacing_mm)} mm does not lie on the "
            f"canonical form of the original grid, shape {expected.shape}, spacing "
            f"{_numbers(expected.spacing_mm)} mm. Resample it to that grid first."
        )
    data = canonical_reorientation(original.affine).undo(volume.data)
    return Volume(np.ascontiguousarray(data), original.affine)


def grids_equal(first: Grid, second: Grid, atol: float = 1e-3) -> bool:
    """Whether shapes agree and no voxel centre of one lies more than `atol` millimetres from the other's."""
    return first.shape == second.shape and largest_distance_mm(first, second) <= atol


def lies_on(grid: Grid, reference: Grid) -> bool:
    """Whether a grid is the reference but for `GRID_TOLERANCE`, so that its voxels need no interpolation."""
    return grid.shape == reference.shape and largest_shift(grid, reference) <= GRID_TOLERANCE


def largest_shift(grid: Grid, reference: Grid) -> float:
    """Largest distance along any axis between voxels of the same index, in voxels of the reference.

    Raises:
        GridError: the shapes differ.
    """
    if grid.shape != reference.shape:
        raise GridError(f"Grids of shape {grid.shape} and {reference.shape} have no voxels in common.")
    corners = _corners(grid.shape)
    between = np.linalg.inv(reference.affine) @ grid.affine
    return float(np.abs(between[:3, :3] @ corners + between[:3, 3:] - corners).max())


def largest_distance_mm(first: Grid, second: Grid) -> float:
    """Largest distance between voxels of the same index, mm; the shapes must agree.

    Raises:
        GridError: the shapes differ.
    """
    if first.shape != second.shape:
        raise GridError(f"Grids of shape {first.shape} and {second.shape} have no voxels in common.")
    corners = _corners(first.shape)
    difference = first.affine - second.affine
    distances = np.linalg.norm(difference[:3, :3] @ corners + difference[:3, 3:], axis=0)
    return float(distances.max())


def covered_share(covering: Grid, covered: Grid) -> float:
    """Share of one field of view that lies inside another one, from 0 to 1.

    Counted at 16 points per axis: exact to about one part in 16 along each axis.
    """
    axes = [(np.arange(_OVERLAP_POINTS) + 0.5) / _OVERLAP_POINTS * size - 0.5 for size in covered.shape]
    points = np.array(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    return float(inside(covering, covered.affine[:3, :3] @ points + covered.affine[:3, 3:]).mean())


def covered_share_of_mask(covering: Grid, mask: npt.NDArray[np.bool_], mask_grid: Grid) -> float:
    """Share of a mask's voxels (X, Y, Z) whose centre lies inside a field of view; 1 for an empty mask."""
    points = np.argwhere(mask).T.astype(np.float64)
    if points.shape[1] == 0:
        return 1.0
    return float(inside(covering, mask_grid.affine[:3, :3] @ points + mask_grid.affine[:3, 3:]).mean())


def inside(grid: Grid, points_mm: Float64Array) -> npt.NDArray[np.bool_]:
    """Whether world points, (3, N) in mm, lie inside the field of view, outer voxels in full: (N,) bool."""
    inverse = np.linalg.inv(grid.affine)
    indices = inverse[:3, :3] @ points_mm + inverse[:3, 3:]
    upper = np.array(grid.shape, dtype=np.float64)[:, None] - 0.5
    within = (indices >= -0.5 - BORDER) & (indices <= upper + BORDER)
    answer: npt.NDArray[np.bool_] = np.logical_and.reduce(within, axis=0)
    return answer


def centre_distance_mm(first: Grid, second: Grid) -> float:
    """Distance between the middles of two fields of view, mm."""
    return float(np.linalg.norm(first.centre_mm - second.centre_mm))


def _corners(shape: tuple[int, int, int]) -> npt.NDArray[np.int_]:
    """Indices of the eight corners, (3, 8)."""
    return np.array(np.meshgrid(*((0, size - 1) for size in shape))).reshape(3, -1)


def _numbers(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:g}" for value in values)
