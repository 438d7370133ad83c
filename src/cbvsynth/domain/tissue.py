"""Three tissue-like classes from the standard sequences of one examination.

Rough on purpose: the classes serve a trivial baseline, not anatomy. They need no atlas, no training and
no unit, and are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import GridError, VolumeError

FloatArray = npt.NDArray[np.floating]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Tissue(IntEnum):
    """What a class mostly holds in a healthy brain."""

    WHITE_MATTER = 0
    GREY_MATTER = 1
    FLUID = 2


_WATER_SIGN = {Sequence.T1: -1.0, Sequence.T2: 1.0, Sequence.ADC: 1.0}
"""Direction in which a sequence orders white matter, grey matter, fluid (more and more free water)."""

_FLUID_LOWEST = (Sequence.FLAIR, Sequence.ASL)
"""Sequences that order fluid, white matter, grey matter."""

_CLIP = 3.0
"""Robust standard deviations beyond which a voxel counts as this far out (vessels, fluid on T2)."""

_MAX_ROUNDS = 100


def tissue_classes(inputs: Mapping[Sequence, FloatArray], mask: BoolArray) -> npt.NDArray[np.uint8]:
    """Class of every brain voxel, in the order of `mask.nonzero()`.

    T1 (inverted), T2 and ADC, as far as they exist, are centred by their median, scaled by their
    interquartile range, clipped and averaged: a measure of free water. Its values are split in three by
    k-means on the line, started from fixed quantiles. Where none of the three exists, T1C (inverted)
    takes their place; where FLAIR or ASL alone exists, its order is used: fluid, white matter, grey matter.
    A lesion falls into whichever class it looks like.

    Args:
        inputs: (X, Y, Z) by sequence, any linear intensity scale.
        mask: (X, Y, Z) bool, brain.

    Returns:
        (number of voxels in the mask,) uint8, values of `Tissue`.

    Raises:
        VolumeError: no sequence, an empty mask, or a voxel of the brain that is not finite.
        GridError: a sequence has another shape than the mask.
    """
    if not mask.any():
        raise VolumeError("The brain mask is empty; expected at least one voxel. Check the mask.")
    scaled = {
        sequence: _robustly_scaled(sequence, volume, mask)
        for sequence, volume in inputs.items()
        if sequence in _used(inputs)
    }
    if not scaled:
        raise VolumeError("An examination without sequences; expected at least one of T1 ... ASL.")
    if len(scaled) == 1 and (only := next(iter(scaled))) in _FLUID_LOWEST:
        order = (Tissue.FLUID, Tissue.WHITE_MATTER, Tissue.GREY_MATTER)
        feature = scaled[only]
    else:
        order = (Tissue.WHITE_MATTER, Tissue.GREY_MATTER, Tissue.FLUID)
        feature = np.zeros(int(np.count_nonzero(mask)))
        for sequence, values in scaled.items():
            feature += _WATER_SIGN.get(sequence, -1.0) * values
    lookup = np.array(order, dtype=np.uint8)
    classes: npt.NDArray[np.uint8] = lookup[_three_means(feature)]
    return classes


def _used(inputs: Mapping[Sequence, FloatArray]) -> frozenset[Sequence]:
    single = (Sequence.T1C, *_FLUID_LOWEST)
    for candidates in (frozenset(_WATER_SIGN), *(frozenset({one}) for one in single)):
        if candidates & set(inputs):
            return candidates
    return frozenset()


def _robustly_scaled(sequence: Sequence, volume: FloatArray, mask: BoolArray) -> Float64Array:
    if volume.shape != mask.shape:
        raise GridError(
            f"{sequence.label} has shape {volume.shape}, the brain mask {mask.shape}; both must share one "
            "grid. Run preprocess first."
        )
    values = volume[mask].astype(np.float64)
    if not np.isfinite(values).all():
        raise VolumeError(
            f"{sequence.label} has {int(np.count_nonzero(~np.isfinite(values)))} voxels in the brain that "
            "are NaN or infinite; expected finite voxels. Check the image."
        )
    low, middle, high = np.percentile(values, (25, 50, 75))
    values -= middle
    spread = (high - low) / 1.349  # the interquartile range of a normal distribution is 1.349 sd
    if spread > 0:
        values /= spread
    return np.clip(values, -_CLIP, _CLIP, out=values)


def _three_means(feature: Float64Array) -> npt.NDArray[np.intp]:
    """k-means with three ordered clusters on the line; class 0 has the lowest values.

    On the line a clustering is two cut points, so a round costs two searches in the sorted values.
    """
    ordered = np.sort(feature)
    total = np.concatenate(([0.0], np.cumsum(ordered)))
    centres = np.percentile(ordered, (100 / 6, 50, 500 / 6))
    cuts = (centres[:-1] + centres[1:]) / 2
    for _ in range(_MAX_ROUNDS):
        edges = np.concatenate(([0], np.searchsorted(ordered, cuts), [ordered.size]))
        counts = np.diff(edges)
        sums = np.diff(total[edges])
        centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
        moved = (centres[:-1] + centres[1:]) / 2
        if np.array_equal(moved, cuts):
            break
        cuts = moved
    return np.searchsorted(cuts, feature, side="right")
