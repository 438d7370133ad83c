"""Where in the brain a synthetic map errs: by tissue, part of the lesion, distance from it, depth, place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.tissue import Tissue, tissue_classes
from cbvsynth.errors import GridError

FloatArray = npt.NDArray[np.floating]
BoolArray = npt.NDArray[np.bool_]

SURFACE_MM = 6.0
"""Depth of the brain's surface, where a mask's error and partial volume with fluid show."""
NEAR_MM, FAR_MM = 10.0, 20.0
"""Distances from a lesion that are told apart."""


class RegionKind(StrEnum):
    """By what the brain is divided; the regions of one kind overlap with those of another."""

    TISSUE = "tissue outside the lesion"
    LESION = "part of the lesion"
    DISTANCE = "distance from the lesion"
    DEPTH = "depth below the surface"
    PLACE = "place"


TISSUE_NAMES = {
    Tissue.WHITE_MATTER: "white matter",
    Tissue.GREY_MATTER: "grey matter",
    Tissue.FLUID: "fluid",
}
LESION_PARTS = {1: "necrosis", 2: "oedema", 3: "enhancing or solid", 4: "cavity"}
SIDES = ("left", "right")
DEPTHS = ("back", "middle", "front")
HEIGHTS = ("low", "mid-height", "high")


@dataclass(frozen=True)
class RegionError:
    """Mean absolute error and bias (synthetic minus real) of one examination in one region, target unit."""

    exam_id: str
    subject_id: str
    kind: RegionKind
    region: str
    voxels: int
    mae: float
    bias: float


def region_errors(  # noqa: PLR0913, PLR0917  # a pair of maps, its regions, and what it is called
    real: FloatArray,
    synthetic: FloatArray,
    mask: BoolArray,
    seg: npt.NDArray[np.integer] | None,
    inputs: Mapping[Sequence, FloatArray],
    spacing_mm: tuple[float, float, float],
    *,
    exam_id: str,
    subject_id: str,
) -> tuple[RegionError, ...]:
    """Errors in every region that the examination has; an empty one is left out.

    Args:
        real: (X, Y, Z), measured CBV; axes run to the right, to the front and upwards.
        synthetic: (X, Y, Z), the model's CBV, same unit.
        mask: (X, Y, Z) bool, brain, not empty.
        seg: (X, Y, Z) lesion labels, 0 is none; or None.
        inputs: (X, Y, Z) by sequence, for the rough tissue classes.
        spacing_mm: size of a voxel along the axes.
        exam_id: id of the examination.
        subject_id: id of the patient.

    Raises:
        GridError: the shapes differ.
        VolumeError: no sequence, an empty mask, or a voxel of the brain that is not finite.
    """
    for volume in (real, synthetic, *(() if seg is None else (seg,))):
        if volume.shape != mask.shape:
            raise GridError(
                f"{exam_id}: arrays of shape {volume.shape} and {mask.shape}; all must share one grid. Run "
                "preprocess first."
            )
    difference = synthetic.astype(np.float64) - real.astype(np.float64)
    labels = np.zeros(mask.shape, dtype=np.int64) if seg is None else seg.astype(np.int64)
    return tuple(
        RegionError(
            exam_id=exam_id,
            subject_id=subject_id,
            kind=kind,
            region=name,
            voxels=int(np.count_nonzero(region)),
            mae=float(np.abs(difference[region]).mean()),
            bias=float(difference[region].mean()),
        )
        for kind, name, region in _regions(mask, labels, inputs, spacing_mm)
        if region.any()
    )


def place_name(side: str, depth: str, height: str) -> str:
    """Name of one cell of the brain's box, as in ``left front high``."""
    return f"{side} {depth} {height}"


def _regions(
    mask: BoolArray,
    labels: npt.NDArray[np.int64],
    inputs: Mapping[Sequence, FloatArray],
    spacing_mm: tuple[float, float, float],
) -> Iterator[tuple[RegionKind, str, BoolArray]]:
    lesion, outside = (labels > 0) & mask, (labels == 0) & mask
    tissues = np.full(mask.shape, -1, dtype=np.int64)
    tissues[mask] = tissue_classes(inputs, mask)
    for tissue, name in TISSUE_NAMES.items():
        yield RegionKind.TISSUE, name, outside & (tissues == tissue)
    for label, name in LESION_PARTS.items():
        yield RegionKind.LESION, name, (labels == label) & mask
    if lesion.any():
        away = ndimage.distance_transform_edt(~lesion, sampling=spacing_mm)
        yield RegionKind.DISTANCE, f"up to {NEAR_MM:g} mm", outside & (away <= NEAR_MM)
        yield (
            RegionKind.DISTANCE,
            f"{NEAR_MM:g} to {FAR_MM:g} mm",
            outside & (away > NEAR_MM) & (away <= FAR_MM),
        )
        yield RegionKind.DISTANCE, f"beyond {FAR_MM:g} mm", outside & (away > FAR_MM)
    # In plane only: a slab of slices has no top of its own.
    depth = np.stack(
        [ndimage.distance_transform_edt(layer, sampling=spacing_mm[:2]) for layer in np.moveaxis(mask, 2, 0)],
        axis=2,
    )
    yield RegionKind.DEPTH, f"up to {SURFACE_MM:g} mm", mask & (depth <= SURFACE_MM)
    yield RegionKind.DEPTH, f"deeper than {SURFACE_MM:g} mm", mask & (depth > SURFACE_MM)
    yield from _places(mask)


def _places(mask: BoolArray) -> Iterator[tuple[RegionKind, str, BoolArray]]:
    """The brain's box, cut in halves from left to right and in thirds from back to front and upwards."""
    cells = [_cut(mask, axis, parts) for axis, parts in enumerate((len(SIDES), len(DEPTHS), len(HEIGHTS)))]
    for x, side in enumerate(SIDES):
        for y, depth in enumerate(DEPTHS):
            for z, height in enumerate(HEIGHTS):
                here = (
                    (cells[0] == x)[:, None, None]
                    & (cells[1] == y)[None, :, None]
                    & (cells[2] == z)[None, None]
                )
                yield RegionKind.PLACE, place_name(side, depth, height), mask & here


def _cut(mask: BoolArray, axis: int, parts: int) -> npt.NDArray[np.int64]:
    """Part of every layer along an axis, -1 outside the brain's box."""
    others = tuple(other for other in range(3) if other != axis)
    inside = np.flatnonzero(mask.any(axis=others))
    part = np.full(mask.shape[axis], -1, dtype=np.int64)
    first, count = int(inside[0]), int(inside[-1] - inside[0] + 1)
    part[first : first + count] = np.arange(count) * parts // count
    return part
