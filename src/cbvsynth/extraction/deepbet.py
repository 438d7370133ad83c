"""deepbet: two networks find the brain, one where it is, one its outline; weights in a wheel, no PyTorch.

Source: Fisch et al. 2024, deepbet, Comput Biol Med 179:108845. Why this one: docs/decisions/0136.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.pieces import filled, labelled
from cbvsynth.errors import ExtractionError
from cbvsynth.extraction.linknet import Float32Array, inside_logit
from cbvsynth.extraction.weights import FINE, ROUGH, read_weights

DEEPBET = "deepbet"
"""How it is asked for."""
_ROUGH_SIDE, _FINE_SIDE = 128, 256
"""Voxels a side of what each network sees, whatever the image's grid: as they were trained."""
_ENDS = (0.005, 0.995)
"""Quantiles of the image that become darkest and brightest; as in training, as are the next."""
_MEAN, _DEVIATION = np.float32(0.449), np.float32(0.226)
_MARGIN = 1.2
"""The box around the brain is widened by a tenth at each side."""
_LEAST_BRAIN = 0.02
"""Share of a plane that is brain where the box begins."""

BoolArray = npt.NDArray[np.bool_]
Voxel = TypeVar("Voxel", bound=np.generic)


def find_brain(image: Float32Array, label: str = "image") -> BoolArray:
    """The brain, (X, Y, Z) bool, in the image of a head, (X, Y, Z) float32 without NaN, axes RAS.

    Raises:
        ExtractionError: nothing that could be a brain was seen.
        ModuleNotFoundError: deepbet is not installed.
        InstallationError: its weights are not those of version 1.0.2.
    """
    small = _resized(image, (_ROUGH_SIDE,) * 3)
    low, high = np.quantile(small, _ENDS).astype(np.float32)
    if not low < high:
        raise ExtractionError(f"{label}: the image is the same nearly everywhere; expected a head.")
    rough = _largest(inside_logit(_scaled(small, low, high), read_weights(ROUGH)) > 0.0)
    box = _box(rough, image.shape, label)
    part = _resized(image[box], (_FINE_SIDE,) * 3)
    fine = inside_logit(_scaled(part, low, high), read_weights(FINE)) > 0.0
    mask = np.zeros(image.shape, np.bool_)
    mask[box] = filled(_largest(_resized(fine, mask[box].shape)))
    return mask


def _resized(image: npt.NDArray[Voxel], shape: tuple[int, ...]) -> npt.NDArray[Voxel]:
    """An array of another shape that spans the same, each voxel the one that lies nearest to its middle."""
    places = [
        np.floor((np.arange(new, dtype=np.float32) + np.float32(0.5)) * np.float32(old / new)).astype(int)
        for old, new in zip(image.shape, shape, strict=True)
    ]
    return image[np.ix_(*places)]


def _scaled(image: Float32Array, low: np.float32, high: np.float32) -> Float32Array:
    cut: Float32Array = np.clip((image - low) / (high - low), 0.0, 1.0)
    cut -= cut.mean(dtype=np.float64).astype(np.float32)
    cut *= _DEVIATION / cut.std(dtype=np.float64).astype(np.float32)
    cut += _MEAN
    return cut


def _largest(mask: BoolArray) -> BoolArray:
    """The largest piece of a mask; one without a voxel stays so."""
    if not mask.any():
        return mask
    pieces = labelled(mask)
    largest: BoolArray = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    return largest


def _box(rough: BoolArray, shape: tuple[int, ...], label: str) -> tuple[slice, ...]:
    """Where the brain lies in an image of a shape, with a margin."""
    box = []
    for axis, side in enumerate(shape):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(rough.mean(axis=others) > _LEAST_BRAIN)
        if not places.size:
            raise ExtractionError(f"{label}: no brain was seen; expected a whole head. Look at the image.")
        ratio = side / rough.shape[axis]
        middle = round((places[-1] + 1 + places[0]) / 2 * ratio)
        width = round((places[-1] + 1 - places[0]) * ratio * _MARGIN)
        box.append(slice(max(0, int(middle - width / 2)), min(side, int(middle + width / 2))))
    return tuple(box)
