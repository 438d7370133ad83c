"""Which slices a technician planned: orientation, thickness, field of view, obliqueness."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.errors import UsageError
from cbvsynth.phantom.signals import USUAL_DELAY_MINUTES
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.transforms import rotation

Float64Array = npt.NDArray[np.float64]

CBV = "cbv"
ROLES = (*(sequence.value for sequence in PAPER_SEQUENCES), CBV)
"""The images of an examination by their names in the manifest: t1, t2, t1c, flair, adc, cbv."""
MOST_MM, MOST_DEGREES = 60.0, 45.0


class Orientation(StrEnum):
    """How the slices lie."""

    AXIAL = "axial"
    SAGITTAL = "sagittal"
    CORONAL = "coronal"


class Slices(StrEnum):
    """Whether all sequences are axial, as for most perfusion studies, or mixed, as elsewhere."""

    AXIAL = "axial"
    MIXED = "mixed"


class Coverage(StrEnum):
    """Whether every sequence covers the head; partial: ADC and CBV a slab, FLAIR all but the vertex."""

    WHOLE = "whole"
    PARTIAL = "partial"


@dataclass(frozen=True)
class RawSettings:
    """What a raw examination looks like; `matrix` and `slices` are T1's, the others are as usual beside it.

    `displacement_mm` and `displacement_degrees` are the most that a sequence lies away from T1.

    Raises:
        UsageError: a number is out of range.
    """

    matrix: int = 256
    slices: int = 22
    displacement_mm: float = 10.0
    displacement_degrees: float = 10.0
    orientations: Slices = Slices.AXIAL
    coverage: Coverage = Coverage.WHOLE
    t1c_delay_minutes: float = USUAL_DELAY_MINUTES

    def __post_init__(self) -> None:
        for name, least, most in (
            ("matrix", 48, 512),
            ("slices", 7, 256),
            ("displacement_mm", 0, MOST_MM),
            ("displacement_degrees", 0, MOST_DEGREES),
        ):
            if not least <= getattr(self, name) <= most:
                raise UsageError(
                    f"{name} is {getattr(self, name):g}; a raw phantom has {least:g} to {most:g}."
                )


@dataclass(frozen=True)
class ScanGrid:
    """The slices of one scan, along the last axis: `affine` (4, 4) from voxel to scanner RAS mm."""

    shape: tuple[int, int, int]
    affine: Float64Array
    spacing_mm: tuple[float, float, float]


_FIELD_OF_VIEW_MM = {"t1": 240.0, "t2": 230.0, "t1c": 240.0, "flair": 230.0, "adc": 240.0, "cbv": 230.0}
_MATRIX_SHARE = {"t1": 1.0, "t2": 1.25, "t1c": 1.0, "flair": 0.8, "adc": 0.5, "cbv": 0.5}
_LEAST_MATRIX = 48
_MIXED = {"t1": Orientation.SAGITTAL, "t1c": Orientation.CORONAL, "flair": Orientation.CORONAL}
_EXTENT_MM = {Orientation.AXIAL: 143.0, Orientation.SAGITTAL: 143.0, Orientation.CORONAL: 182.0}
"""Height of the stack of slices; the brain of an adult lies within it."""
_PARTIAL_MM = {"adc": 106.0, "cbv": 98.0, "flair": 120.0}
_CENTRE_MM = (0.0, -17.0, 8.0)
_PARTIAL_CENTRE_MM = {"adc": 12.0, "cbv": 20.0, "flair": -8.0}
_DIRECTIONS: dict[Orientation, tuple[tuple[int, int, int], ...]] = {
    # As converters write them: columns to the left or back, rows upwards; slices upwards, to the right, back.
    Orientation.AXIAL: ((-1, 0, 0), (0, 1, 0), (0, 0, 1)),
    Orientation.SAGITTAL: ((0, -1, 0), (0, 0, 1), (1, 0, 0)),
    Orientation.CORONAL: ((-1, 0, 0), (0, 0, 1), (0, -1, 0)),
}


def plan_scan(role: str, settings: RawSettings, streams: Streams) -> ScanGrid:
    """The slices of one scan of an examination: tilted along the skull base, off centre by millimetres."""
    rng = np.random.default_rng([*_words(streams, Purpose.PLANNING), ROLES.index(role)])
    mixed = settings.orientations is Slices.MIXED
    orientation = _MIXED.get(role, Orientation.AXIAL) if mixed else Orientation.AXIAL
    partial = settings.coverage is Coverage.PARTIAL and orientation is Orientation.AXIAL
    height = _PARTIAL_MM.get(role, _EXTENT_MM[orientation]) if partial else _EXTENT_MM[orientation]
    matrix = max(_LEAST_MATRIX, round(settings.matrix * _MATRIX_SHARE[role] / 2) * 2)
    in_plane = _FIELD_OF_VIEW_MM[role] / matrix
    spacing = (in_plane, in_plane, height / settings.slices)
    centre = np.array(_CENTRE_MM) + rng.uniform(-4.0, 4.0, 3)
    if partial and role in _PARTIAL_CENTRE_MM:
        centre[2] = _PARTIAL_CENTRE_MM[role]
    tilt = rotation((1.0, 0.0, 0.0), float(rng.uniform(-12.0, 4.0)))
    aside = rotation((0.0, 0.0, 1.0), float(rng.uniform(-3.0, 3.0)))
    turn = np.asarray((tilt[:, :, None] * aside[None, :, :]).sum(axis=1))
    shape = (matrix, matrix, settings.slices)
    affine = np.eye(4)
    for axis, direction in enumerate(_DIRECTIONS[orientation]):
        affine[:3, axis] = (turn * np.array(direction, dtype=np.float64)).sum(axis=1) * spacing[axis]
    middle = 0.5 * (np.array(shape) - 1.0)
    affine[:3, 3] = centre - (affine[:3, :3] * middle).sum(axis=1)
    return ScanGrid(shape, affine, spacing)


def _words(streams: Streams, purpose: Purpose) -> list[int]:
    return [streams.seed, streams.patient, streams.session, int(purpose)]
