"""Whether skull-stripped images on one grid, and the mask, show the same brain in the same place.

Prepared images are not registered again, and their headers agree: what shows that one was shifted or turned
over is the outline of the brain that somebody cut out of each.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.brain_masks import MAX_BRAIN_ML
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.mask_shape import head_of
from cbvsynth.domain.sequences import Sequence
from cbvsynth.study.aligned import MIN_STRIPPED_ZERO_SHARE, WITH_HOLES

MIN_OUTLINE_DICE = 0.95
"""Least overlap (Dice) of two outlines of one brain: as the limit of validate for ADC and CBV. A brain of
140 x 170 x 110 mm that is shifted by 6 mm has 0.94."""
MAX_SHOWN_MASKS = 1.3
"""What is brighter than air and larger than so many masks is a head. Chosen here: of brains in noise it has
an overlap (Dice) of 0.99 with the mask, and real heads show twice as much."""

BoolArray = npt.NDArray[np.bool_]


def outline_warnings(
    images: Mapping[Sequence, npt.NDArray[np.float32]],
    mask: BoolArray,
    spacing_mm: tuple[float, float, float] | None,
    examination: Examination,
) -> tuple[str, ...]:
    """A sentence for each skull-stripped image that lies elsewhere than the mask or the first one of them.

    A brain with noise around it shows where it is, too, and is compared with the mask.

    Args:
        images: (X, Y, Z) float32 each, on one grid, as stored.
        mask: (X, Y, Z) bool, brain.
        spacing_mm: voxel size, to tell a brain from a head whose air was blanked; None where nobody knows it.
        examination: whose images they are, for the labels.
    """
    voxel_ml = math.prod(spacing_mm) / 1000.0 if spacing_mm else 0.0
    outlines = {name: image != 0.0 for name, image in images.items()}
    stripped = {name: one for name, one in outlines.items() if is_brain(one, voxel_ml)}
    told = []
    for name, outline in stripped.items():
        first = next(iter(stripped))
        for other, against in (("the brain mask", mask), (first.label, stripped[first])):
            overlap = _share_within(outline, against) if name in WITH_HOLES else _dice(outline, against)
            if overlap < MIN_OUTLINE_DICE:
                told.append(
                    f"{examination.label(name.value)} is not 0 elsewhere than {other} (overlap "
                    f"{overlap:.2f}; expected {MIN_OUTLINE_DICE:g} or more): it may lie beside the brain "
                    "or be turned over. Look at both; --register check measures it"
                )
                break
    return (*told, *_brains_in_noise(images, mask, set(stripped), examination))


def _brains_in_noise(
    images: Mapping[Sequence, npt.NDArray[np.float32]],
    mask: BoolArray,
    stripped: Collection[Sequence],
    examination: Examination,
) -> list[str]:
    """A sentence for each image of a brain alone that is brighter than its air elsewhere than in the mask."""
    told = []
    for name, image in images.items():
        if name in stripped or name in WITH_HOLES:
            continue
        shown = head_of(np.where(np.isfinite(image), image, np.float32(0.0)))
        overlap = _dice(shown, mask)
        is_head = np.count_nonzero(shown) > MAX_SHOWN_MASKS * np.count_nonzero(mask)
        if not is_head and overlap < MIN_OUTLINE_DICE:
            told.append(
                f"{examination.label(name.value)} is bright elsewhere than in the brain mask (overlap "
                f"{overlap:.2f}; expected {MIN_OUTLINE_DICE:g} or more): one of the two may lie beside the "
                "other. Look at the mask's outline"
            )
    return told


def is_brain(outline: BoolArray, voxel_ml: float) -> bool:
    """Whether what is not 0 in an image is no more than a brain: a head whose air was blanked has zeros, too.

    Args:
        outline: (X, Y, Z) bool, where the image is not 0.
        voxel_ml: volume of a voxel; 0 where nobody knows it.
    """
    shown = int(np.count_nonzero(outline))
    return 0 < shown <= (1.0 - MIN_STRIPPED_ZERO_SHARE) * outline.size and shown * voxel_ml <= MAX_BRAIN_ML


def _share_within(one: BoolArray, other: BoolArray) -> float:
    """Of maps that have holes: how much of one lies in the other."""
    return np.count_nonzero(one & other) / np.count_nonzero(one)


def _dice(one: BoolArray, other: BoolArray) -> float:
    both = np.count_nonzero(one) + np.count_nonzero(other)
    return 2.0 * np.count_nonzero(one & other) / both
