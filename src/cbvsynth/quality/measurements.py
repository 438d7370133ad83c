"""Numbers that tell a fit examination from an unfit one. Pure functions of arrays.

All images of a call share one grid (X, Y, Z), the third axis running from the feet to the head;
`mask` is bool, True in the brain. A value that cannot be judged is NaN, never a guess.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

Image = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

HEAD_HEIGHT_MM = 130.0
"""Height of an adult brain from the lowest to the highest slice; ours, to judge slabs by."""
_MASKED_SUPPORT_RATIO = 1.3
"""A support larger than this many brain masks belongs to an image that was not brain-masked."""
_VOID_RATIO = 2.0
"""Lost brain voxels per map voxel outside the brain, above which the loss is a void, not a shift."""
_TISSUE_SHARE = 0.5
"""Least part of the median signal of the brain that tissue has on T1; ours."""
_ROUNDING = 1e-9
_FEWEST_VOXELS = 16
"""A statistic over fewer voxels is not given."""
_USUAL_MARKS = (-999.0, -9999.0, -1000.0, -1024.0, -2048.0, -32768.0)
_HIGHEST_PERCENTILE = 99.9
"""Stands for the largest value of an image; a few voxels of large vessels lie above it. Our choice."""


def zero_fraction(image: Image, mask: Mask) -> float:
    """Share (0-1) of brain voxels that are exactly 0 or not finite; NaN for an empty mask."""
    inside = image[mask]
    return float(np.mean((inside == 0) | ~np.isfinite(inside))) if inside.size else math.nan


def share_below_zero(image: Image, mask: Mask) -> float:
    """Share (0-1) of brain voxels that are below 0; NaN for an empty mask."""
    inside = image[mask]
    return float(np.mean(inside < 0)) if inside.size else math.nan


def marker_share(image: Image) -> float:
    """Share (0-1) of voxels that hold a mark for 'no value', such as -999; 0 where there is none.

    A mark is the lowest value, shared by 16 voxels or more, and a usual one or farther below 0 than the image
    reaches above it. A map that merely scatters around 0, or a z-score, has none.
    """
    lowest = float(image.min())
    if lowest >= 0:
        return 0.0
    count = int(np.count_nonzero(image == np.float32(lowest)))
    positive = image[image > 0]
    highest = float(np.percentile(positive, _HIGHEST_PERCENTILE)) if positive.size else 0.0
    is_mark = lowest in _USUAL_MARKS or -lowest > highest
    return count / image.size if is_mark and count >= _FEWEST_VOXELS else 0.0


@dataclass(frozen=True)
class MapSupport:
    """How the non-zero part of a map lies on the brain mask: what is missing, and what is displaced.

    A void (metal) takes voxels away inside the brain; a shift takes as many away on one side as it adds
    outside the brain on the other. Only what one of the two leaves unexplained counts for the other.

    Attributes:
        void_fraction: share (0-1) of brain voxels that are zero, 0 where a shift explains them; NaN for
            an empty mask.
        dice: overlap (Dice, 0-1) of the map's support with the brain mask, voids set aside; NaN where
            the map is plainly not brain-masked (support above 1.3 masks): it says nothing then.
    """

    void_fraction: float
    dice: float


def map_support(image: Image, mask: Mask) -> MapSupport:
    """Tell voids from shifts in an ADC or CBV map.

    With more than twice as many brain voxels lost as there are map voxels outside the brain, the loss is
    a void; otherwise it is a displacement.
    """
    support = np.isfinite(image) & (image != 0)
    brain, shown = int(mask.sum()), int(support.sum())
    if brain == 0:
        return MapSupport(math.nan, math.nan)
    common = int((support & mask).sum())
    lost, outside = brain - common, shown - common
    if shown > _MASKED_SUPPORT_RATIO * brain:
        return MapSupport(lost / brain, math.nan)
    if lost > _VOID_RATIO * outside:
        return MapSupport(lost / brain, 2.0 * common / (shown + common) if common else 0.0)
    return MapSupport(0.0, 2.0 * common / (shown + brain))


def mask_without_dents(mask: Mask, tissue: Image) -> Mask:
    """A brain mask that was taken from a map, with the voids that metal left at the map's border.

    Each slice is filled up to its convex hull where another image shows tissue: half of its median in the
    mask and more.
    """
    if not mask.any():
        return mask
    bright = tissue >= _TISSUE_SHARE * float(np.median(tissue[mask]))
    filled = mask.copy()
    for index in range(mask.shape[2]):
        border = np.argwhere(mask[:, :, index])
        if len(np.unique(border[:, 0])) > 1 and len(np.unique(border[:, 1])) > 1:
            places = np.argwhere(bright[:, :, index] & ~mask[:, :, index])
            found = places[_inside_hull(border, places)]
            filled[found[:, 0], found[:, 1], index] = True
    return filled


def _inside_hull(border: npt.NDArray[np.int_], places: npt.NDArray[np.int_]) -> Mask:
    """Whether places (M, 2) lie in the convex hull of points (N, 2), not all on one line: (M,) bool."""
    equations = scipy.spatial.ConvexHull(border).equations
    answer: Mask = (places @ equations[:, :2].T + equations[:, 2] <= _ROUNDING).all(axis=1)
    return answer


def correlation(first: Image, second: Image, mask: Mask) -> float:
    """Pearson correlation (-1 to 1) in the brain; NaN for a constant image or a tiny mask."""
    usable = mask & np.isfinite(first) & np.isfinite(second)
    if int(usable.sum()) < _FEWEST_VOXELS:
        return math.nan
    a = first[usable].astype(np.float64)
    b = second[usable].astype(np.float64)
    a -= a.mean()
    b -= b.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 0 else math.nan


def brain_median(image: Image, mask: Mask) -> float:
    """Median in the brain, in the image's own unit, of its finite non-zero voxels; NaN if none.

    Zeros are voids, which the zero fraction judges; they must not look like a wrong unit.
    """
    inside = image[mask]
    inside = inside[np.isfinite(inside) & (inside != 0)]
    return float(np.median(inside)) if inside.size else math.nan


def brain_volume_ml(mask: Mask, spacing_mm: tuple[float, float, float]) -> float:
    """Volume of the brain mask, mL."""
    return float(mask.sum()) * math.prod(spacing_mm) / 1000.0


def whole_brain_volume_ml(mask: Mask, spacing_mm: tuple[float, float, float]) -> float:
    """Volume of the brain, mL; a slab is extrapolated to a head's height of 130 mm.

    A slab is a mask that reaches the first and the last slice; a whole brain is returned as it is.
    """
    volume_ml = brain_volume_ml(mask, spacing_mm)
    height_mm = mask.shape[2] * spacing_mm[2]
    is_slab = bool(mask[:, :, 0].any() and mask[:, :, -1].any())
    return volume_ml * max(1.0, HEAD_HEIGHT_MM / height_mm) if is_slab else volume_ml


def field_of_view_mm(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> tuple[float, float]:
    """Smaller and larger in-plane side of the imaged field, mm."""
    sides = sorted((shape[0] * spacing_mm[0], shape[1] * spacing_mm[1]))
    return sides[0], sides[1]


def voxel_digest(image: npt.NDArray[np.generic]) -> str:
    """Hex SHA-256 of an image's shape and float32 values: equal for equal content, however compressed.

    Negative zero counts as zero; an image without any contrast has an empty digest, since two empty
    maps are not copies of one another.
    """
    values = np.ascontiguousarray(image, dtype=np.float32) + np.float32(0)
    if values.size == 0 or bool(np.all(values == values.flat[0])):
        return ""
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update(values.tobytes())
    return digest.hexdigest()
