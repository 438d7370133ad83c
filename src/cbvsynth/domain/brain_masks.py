"""Which voxels a mask file means: a mask, probabilities, or an image of nothing but the brain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cbvsynth.errors import VolumeError

MAX_BRAIN_ML = 2000.0
"""More than any brain; a head with its skull fills 3000 and more. As in limits.yaml."""

_FULL_VALUES = (1.0, 100.0, 255.0)
"""Certainty in files of probabilities: as a share, in per cent, and in a byte."""
_NEAR_FULL = 0.9
_NEAR_FULL_SHARE = 0.4
"""Of the voxels that are more likely brain than not, at least so many of a map of probabilities are nearly
certain. Measured on a mask smoothed by a fortieth to a tenth of its width: 0.5 and more; an image scaled to
its maximum has fewer than 0.2 there."""


def brain_of(stored: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.bool_], str]:
    """The brain in a mask's file, and in words what was made of its values; empty for a mask of two values.

    A file of two values is a mask. Probabilities, told by most of their voxels being nearly certain, count
    from a half up. Any other is an image of the brain alone, which is where it is not 0.

    Args:
        stored: (X, Y, Z) as in the file.

    Raises:
        VolumeError: voxels are below 0, or fractions up to 1 are neither probabilities nor an image.
    """
    low, high = float(stored.min()), float(stored.max())
    if low < 0.0:
        raise VolumeError(
            f"values from {low:g} to {high:g}; expected 0 outside the brain and more inside. Make the mask "
            "again."
        )
    inside = stored > 0.0
    if low == high or not np.any(stored[inside] != high):
        return inside, ""
    full = next((value for value in _FULL_VALUES if 0.98 * value <= high <= value), 0.0)
    likely = stored[stored >= full / 2.0]
    if full and float(np.mean(likely >= _NEAR_FULL * full)) >= _NEAR_FULL_SHARE:
        return stored >= full / 2.0, f"probabilities from 0 to {full:g}, of which {full / 2.0:g} and more"
    if high <= 1.0:
        raise VolumeError(
            f"fractions up to {high:g} that are not the probabilities of a brain: few are near 1. Expected 0 "
            "and 1, or probabilities. Threshold the mask yourself."
        )
    return inside, "an image, where it is not 0"
