"""Noise and ghosts of one image, told from the image itself. Pure functions of arrays.

The image is (X, Y, Z), the third axis running from the feet to the head; `mask` is bool, the brain on the
image's own grid. What cannot be judged is NaN.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_FEWEST_VOXELS = 16
"""A statistic over fewer voxels is not given."""
_MAD_OF_NORMAL = 0.6745
"""Median absolute value of a standard normal distribution."""
_RESIDUAL_NORM = 6.0
"""Root of the sum of squares of the residual's nine weights (1, -2, 1; -2, 4, -2; 1, -2, 1)."""
_OBJECT_SHARE = 0.5
"""Voxels above this part of the brain's median belong to the head; ghosts stay below. Ours."""
_OUTLIERS_PERCENT = 0.5
"""Part of the head's voxels on each side that may lie outside its box. Ours."""
_AIR_MARGIN_VOXELS = 2
_LEAST_AIR_VOXELS = 4
"""Rows of air, both sides of the head together, of which a brightness is taken; ours."""
_RAW_AIR_SHARE = 0.5
"""Air with a smaller share of non-zero voxels was blanked: nothing to measure."""


def signal_to_noise(image: Image, mask: Mask) -> float:
    """Median of the brain over its noise (standard deviation); NaN for a tiny mask or an image without noise.

    Noise is what differs from a plane within 3 x 3 voxels of a slice; its median absolute value leaves out
    edges. It needs no air, so that skull-stripped images are judged, too.

    Source: Immerkaer 1996, Comput Vis Image Underst 64:300 (the residual); the median is Donoho's, 1995.
    """
    box = _box_of(mask)
    if box is None:
        return math.nan
    data, inside = image[box].astype(np.float64), mask[box]
    rows = data[:-2] - 2.0 * data[1:-1] + data[2:]
    residual = rows[:, :-2] - 2.0 * rows[:, 1:-1] + rows[:, 2:]
    whole = inside[:-2] & inside[1:-1] & inside[2:]
    whole = whole[:, :-2] & whole[:, 1:-1] & whole[:, 2:]
    values = np.abs(residual[whole])
    if values.size < _FEWEST_VOXELS:
        return math.nan
    noise = float(np.median(values)) / _MAD_OF_NORMAL / _RESIDUAL_NORM
    return float(np.median(data[inside])) / noise if noise > 0 else math.nan


def ghost_ratio(image: Image, mask: Mask) -> float:
    """How much brighter the air is in one in-plane direction from the head than in the other, over the brain.

    Motion repeats the head along the direction of phase encoding, before or beside it; noise fills all air
    alike. NaN where the air was blanked or cut away. No unit.

    Source: Giannelli et al. 2010, J Appl Clin Med Phys 11:3237 (ghost-to-signal ratio), here whichever the
    direction of phase encoding is.
    """
    if int(mask.sum()) < _FEWEST_VOXELS:
        return math.nan
    level = float(np.median(image[mask]))
    head = np.argwhere((image > _OBJECT_SHARE * level).any(axis=2) if level > 0 else mask.any(axis=2))
    low = np.percentile(head, _OUTLIERS_PERCENT, axis=0).astype(int)
    high = np.percentile(head, 100 - _OUTLIERS_PERCENT, axis=0).astype(int) + 1
    low, high = np.maximum(low - _AIR_MARGIN_VOXELS, 0), high + _AIR_MARGIN_VOXELS
    within_x, within_y = slice(low[0], high[0]), slice(low[1], high[1])
    beside = np.concatenate([image[: low[0], within_y].ravel(), image[high[0] :, within_y].ravel()])
    before = np.concatenate([image[within_x, : low[1]].ravel(), image[within_x, high[1] :].ravel()])
    depths = [
        max(0, edge) + max(0, size - end) for edge, end, size in zip(low, high, image.shape, strict=False)
    ]
    for air in (beside, before):
        if min(depths) < _LEAST_AIR_VOXELS or float(np.mean(air != 0)) <= _RAW_AIR_SHARE:
            return math.nan
    return abs(float(np.median(before)) - float(np.median(beside))) / level if level > 0 else math.nan


def _box_of(mask: Mask) -> tuple[slice, slice, slice] | None:
    """The smallest box that holds a mask; None for an empty one."""
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if found.size == 0:
            return None
        slices.append(slice(int(found[0]), int(found[-1]) + 1))
    return slices[0], slices[1], slices[2]
