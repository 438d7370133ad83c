"""Values of a volume on another grid: linear interpolation, and averages where the new voxels are larger.

A thick slice shows the mean of what lies in it. Reading a fine volume only at the middle of each thick
slice errs by several percent; averaging over the slice does not (measured in
tests/domain/test_resampling.py). So, along every axis on which the new voxels are larger, the value is
the mean over the new voxel; along all others it is linearly interpolated. `axis_weights` is both at once.

Outside the field of view, whose outer voxels count in full, everything is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
import scipy

from cbvsynth.domain.geometry import BORDER, GRID_TOLERANCE, Grid, canonical_reorientation, lies_on
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

_ALIGNED_TOLERANCE = 1e-3
"""Axes count as parallel when no voxel is off by more than this part of a source voxel."""
_TIE = 1e-5
"""Shares of a voxel that differ by less are the same but for rounding."""


def resample(volume: Volume, grid: Grid) -> Volume:
    """The volume on another grid, as described at the top of this module.

    A volume that lies on the grid already (`lies_on`) is handed back bit for bit. A NaN spreads to the
    voxels that are computed from it and no farther.
    """
    source = Grid.of(volume)
    if lies_on(source, grid):
        return Volume(volume.data, grid.affine)
    turn_source, turn_target = canonical_reorientation(source.affine), canonical_reorientation(grid.affine)
    data = turn_source.apply(volume.data)
    target = turn_target.apply_to_grid(grid)
    index_map = np.linalg.inv(turn_source.apply_to_grid(source).affine) @ target.affine
    if _is_axis_aligned(index_map, target.shape):
        resampled = _resample_axis_by_axis(data, index_map, target.shape)
    else:
        resampled = _resample_oblique(data, index_map, target.shape)
    return Volume(np.ascontiguousarray(turn_target.undo(resampled)), grid.affine)


def resample_labels(volume: Volume, grid: Grid) -> Volume:
    """Labels on another grid: the label that fills the largest part of each new voxel.

    Where the new voxels are not larger this is the smooth form of nearest neighbour. At a tie the
    smaller label wins; outside the field of view the label is 0.

    Args:
        volume: labels from 0 to 255, whole numbers.
        grid: where the labels are wanted.

    Raises:
        VolumeError: a value is not a whole number from 0 to 255.
    """
    labels = np.unique(volume.data)
    if not np.isin(labels, np.arange(256)).all():
        raise VolumeError(
            f"Labels range from {labels.min():g} to {labels.max():g}; expected whole numbers from 0 to 255. "
            "Check that the file is a segmentation."
        )
    if lies_on(Grid.of(volume), grid):
        return Volume(volume.data, grid.affine)
    winner = np.zeros(grid.shape, dtype=np.float32)
    best = 1.0 - _share_of(volume, labels[labels > 0], grid)
    for label in labels[labels > 0]:
        share = _share_of(volume, label, grid)
        better = share > best + _TIE
        winner[better] = label
        best = np.where(better, share, best)
    return Volume(winner, grid.affine)


def _share_of(volume: Volume, labels: npt.NDArray[np.float32], grid: Grid) -> Float32Array:
    chosen = np.isin(volume.data, labels).astype(np.float32)
    return resample(Volume(chosen, volume.affine), grid).data


def _is_axis_aligned(index_map: Float64Array, shape: tuple[int, int, int]) -> bool:
    off_diagonal = index_map[:3, :3] - np.diag(np.diag(index_map[:3, :3]))
    reach = np.array(shape, dtype=np.float64) - 1.0
    return bool((np.abs(off_diagonal) @ reach).max() <= _ALIGNED_TOLERANCE)


def _resample_axis_by_axis(
    data: Float32Array, index_map: Float64Array, shape: tuple[int, int, int]
) -> Float32Array:
    """Resample along one axis after the other, those that shrink the volume most coming first.

    The parallel axes leave off-diagonal terms too small to matter; they are taken at the middle.
    """
    middle = (np.array(shape, dtype=np.float64) - 1.0) / 2.0
    offsets = index_map[:3, :3] @ middle + index_map[:3, 3] - np.diag(index_map)[:3] * middle
    for axis in sorted(range(3), key=lambda axis: shape[axis] / data.shape[axis]):
        step, offset = float(index_map[axis, axis]), float(offsets[axis])
        if shape[axis] == data.shape[axis] and _is_identity(step, offset, shape[axis]):
            continue
        weights = axis_weights(data.shape[axis], shape[axis], step, offset)
        front = np.moveaxis(data, axis, 0)
        columns = weights @ front.reshape(front.shape[0], -1)
        data = np.moveaxis(columns.reshape(shape[axis], *front.shape[1:]), 0, axis)
    return data


def _is_identity(step: float, offset: float, size: int) -> bool:
    return max(abs(offset), abs(offset + (step - 1.0) * (size - 1))) <= GRID_TOLERANCE


def axis_weights(source_size: int, target_size: int, step: float, offset: float) -> scipy.sparse.csr_array:
    """Weights (target_size, source_size) float32 that resample along one axis.

    A target voxel is cut where it crosses from one source voxel into the next. Each piece counts by its
    length and has the value of the linear interpolation at its middle, the outer voxels being held
    constant. Whole numbers of source voxels are thus averaged exactly, linear functions are kept for
    every spacing, and for `step` <= 1 the sum is the linear interpolation at the voxel's centre. A row
    sums to 1 where that centre lies inside the source's field of view, and to 0 elsewhere.

    Args:
        source_size: number of voxels along the axis.
        target_size: number of voxels wanted.
        step: spacing of the target in source voxels, positive.
        offset: position of the first target voxel, as a source index.
    """
    centres = offset + step * np.arange(target_size, dtype=np.float64)
    starts, ends = centres - step / 2.0, centres + step / 2.0
    first = np.floor(starts + 0.5).astype(np.int64)
    crossed = first[:, None] + np.arange(int(np.ceil(step)) + 1)
    lower, upper = np.maximum(crossed - 0.5, starts[:, None]), np.minimum(crossed + 0.5, ends[:, None])
    lengths = np.clip(upper - lower, 0.0, None)
    lengths[(crossed < 0) | (crossed > source_size - 1)] = 0.0
    lengths[(centres < -0.5 - BORDER) | (centres > source_size - 0.5 + BORDER)] = 0.0
    sums = lengths.sum(axis=1, keepdims=True)
    lengths = np.divide(lengths, sums, out=np.zeros_like(lengths), where=sums > 0.0)
    middles = (lower + upper) / 2.0
    left = np.floor(middles).astype(np.int64)
    to_right = middles - left
    columns = np.clip(np.concatenate([left, left + 1], axis=1), 0, source_size - 1)
    weights = np.concatenate([lengths * (1.0 - to_right), lengths * to_right], axis=1)
    rows = np.repeat(np.arange(target_size), columns.shape[1])
    kept = weights.ravel() > 0.0
    entries = (weights.ravel()[kept], (rows[kept], columns.ravel()[kept]))
    return scipy.sparse.csr_array(entries, shape=(target_size, source_size)).astype(np.float32)


def _resample_oblique(
    data: Float32Array, index_map: Float64Array, shape: tuple[int, int, int]
) -> Float32Array:
    """Mean over points spread evenly in each target voxel, each point interpolated linearly.

    Only around voxels that are not 0 is there anything to compute: labels, masks and images without their
    skull fill a part of their grid.
    """
    resampled = np.zeros(shape, dtype=np.float32)
    border = _farthest_out(index_map)
    source = _box_of_values(data, border)
    target = _target_of(source, index_map, shape)
    size = (len(target[0]), len(target[1]), len(target[2]))
    if min(size) == 0:
        return resampled
    cut_map = index_map.copy()
    cut_map[:3, 3] += index_map[:3, :3] @ [part.start for part in target]
    inside = _centres_inside(data.shape, cut_map, size)
    cut_map[:3, 3] -= [part.start for part in source]
    values = _averaged(data[_slices(source)], cut_map, size, border)
    resampled[_slices(target)] = np.where(inside, values, np.float32(0.0))
    return resampled


def _averaged(
    data: Float32Array, index_map: Float64Array, shape: tuple[int, int, int], border: int
) -> Float32Array:
    """The means, by ITK. Points beyond the outer voxels' centres have the value of the nearest one."""
    import SimpleITK

    # ITK counts axes from the last one of an array, so that map, offset and size are given backwards.
    image = SimpleITK.GetImageFromArray(np.pad(data, border, mode="edge"))
    sampler = SimpleITK.ResampleImageFilter()
    sampler.SetSize(shape[::-1])
    sampler.SetInterpolator(SimpleITK.sitkLinear)
    sampler.SetNumberOfThreads(1)  # examinations run beside each other
    backwards = index_map[2::-1, 2::-1].ravel().tolist()
    total = np.zeros(shape, dtype=np.float64)
    count = 0
    for shift in _points_in_voxel(index_map):
        start = index_map[:3, :3] @ shift + index_map[:3, 3] + border
        sampler.SetTransform(SimpleITK.AffineTransform(backwards, start[::-1].tolist()))
        points = sampler.Execute(image)
        total += SimpleITK.GetArrayViewFromImage(points)  # a view into `points`, which must live on
        count += 1
    total /= count
    averaged: Float32Array = total.astype(np.float32)
    return averaged


def _farthest_out(index_map: Float64Array) -> int:
    """Source voxels by which a point of a target voxel can lie outside where its centre does not, and one."""
    reach = float(np.abs(index_map[:3, :3]).sum(axis=1).max()) / 2.0
    return int(np.ceil(reach + 0.5 + BORDER)) + 1


def _box_of_values(data: Float32Array, margin: int) -> tuple[range, range, range]:
    """Indices along each axis between which all voxels that are not 0 lie, and `margin` around them."""
    found = data != 0.0
    ranges = []
    for axis, size in enumerate(data.shape):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(found.any(axis=others))
        lower, upper = (int(places[0]), int(places[-1])) if places.size else (size + margin, size)
        ranges.append(range(max(0, lower - margin), min(size, upper + 1 + margin)))
    return ranges[0], ranges[1], ranges[2]


def _target_of(
    source: tuple[range, range, range], index_map: Float64Array, shape: tuple[int, int, int]
) -> tuple[range, range, range]:
    """Indices along each axis of the target between which all centres in a box of the source lie."""
    if any(len(part) == 0 for part in source):
        return range(0), range(0), range(0)
    sides = [(part.start - 1.0, part.stop + 0.0) for part in source]
    corners = np.array([(*corner, 1.0) for corner in product(*sides)]) @ np.linalg.inv(index_map).T
    lower, upper = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    x, y, z = (
        range(max(0, lower[axis]), max(0, min(size, upper[axis] + 1))) for axis, size in enumerate(shape)
    )
    return x, y, z


def _slices(box: tuple[range, range, range]) -> tuple[slice, slice, slice]:
    x, y, z = (slice(part.start, part.stop) for part in box)
    return x, y, z


def _points_in_voxel(index_map: Float64Array) -> Iterator[Float64Array]:
    """Points of a target voxel to be averaged, (3,) in target voxels: one per source voxel it spans."""
    steps = np.linalg.norm(index_map[:3, :3], axis=0)
    counts = [int(np.ceil(step - 0.05)) if step > 1.05 else 1 for step in steps]
    for point in product(*(range(count) for count in counts)):
        yield (np.array(point) + 0.5) / counts - 0.5


def _centres_inside(
    source_shape: tuple[int, ...], index_map: Float64Array, shape: tuple[int, int, int]
) -> npt.NDArray[np.bool_]:
    x, y, z = np.ogrid[: shape[0], : shape[1], : shape[2]]
    answer = np.ones(shape, dtype=np.bool_)
    for axis, size in enumerate(source_shape):
        index = (
            index_map[axis, 0] * x + index_map[axis, 1] * y + (index_map[axis, 2] * z + index_map[axis, 3])
        )
        answer &= (index >= -0.5 - BORDER) & (index <= size - 0.5 + BORDER)
    return answer
