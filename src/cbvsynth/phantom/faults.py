"""Faults that a study can hold: each is planted in otherwise sound examinations, to be found again.

Physics comes first where it can: motion and metal act on the noise-free recording, a low signal
raises the noise. Wrong units and wrong files act on what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import ADC_MAX, CBV_MAX, Recording
from cbvsynth.phantom.grid import Grid

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Fault(StrEnum):
    """The kinds of planted fault; the words stand in code/planted_faults.tsv."""

    METAL = "metal"
    MOTION = "motion"
    MISREGISTERED_CBV = "misregistered-cbv"
    ADC_UNIT = "adc-unit"
    CBV_UNIT = "cbv-unit"
    WRONG_T1C = "wrong-t1c"
    LOW_SNR = "low-snr"
    MISSING_SLICES = "missing-slices"

    @property
    def explanation(self) -> str:
        """What was done, in one line."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Fault.METAL: "metal at the skull: signal void with a bright border, larger on ADC and CBV",
    Fault.MOTION: "the head moved while k-space of T1, T2, T1C and FLAIR was filled",
    Fault.MISREGISTERED_CBV: "the CBV map is shifted against all other images",
    Fault.ADC_UNIT: "ADC is stored in mm2/s although its sidecar says 1e-6 mm2/s",
    Fault.CBV_UNIT: "CBV is stored in arbitrary units although its sidecar says mL/100g",
    Fault.WRONG_T1C: "the file of T1C holds T1",
    Fault.LOW_SNR: "far more noise than signal warrants in all sequences",
    Fault.MISSING_SLICES: "only the lowest slices were stored",
}

LOW_SNR_NOISE = 6.0
"""Factor on the noise; the signal-to-noise ratio of T1 falls to about 5."""
ARBITRARY_CBV_SCALE = 250.0
"""Factor between mL/100 g and the arbitrary unit of an uncalibrated CBV map."""
SLICES_LEFT = 5
"""Slices that remain of an incomplete examination; SSIM's window needs 7."""

_SHIFT_MM = (15.0, 13.0)
_METAL_VOID_SHARE = {"standard": 0.03, "maps": 0.14}
_METAL_BORDER_SHARE = {"standard": 0.015, "maps": 0.06}
_PILE_UP = 2.2
_MOTION_POSES = 7
_MOTION_MM = 9.0
_MOTION_DEGREES = 7.0


def noise_level(fault: Fault | None) -> float:
    """Factor on the noise of all images."""
    return LOW_SNR_NOISE if fault is Fault.LOW_SNR else 1.0


def damage_recording(
    recording: Recording, fault: Fault | None, grid: Grid, rng: np.random.Generator
) -> Recording:
    """The noise-free images with what happens before noise: motion, and metal in spin echoes."""
    if fault is Fault.MOTION:
        return replace(
            recording,
            signals={
                name: moved_while_scanned(image, grid, rng) for name, image in recording.signals.items()
            },
        )
    if fault is Fault.METAL:
        void, border = metal_zones(recording.brain, grid, rng, "standard")
        return replace(
            recording,
            signals={name: _with_metal(image, void, border) for name, image in recording.signals.items()},
        )
    return recording


def damage_images(
    images: Mapping[Sequence, Float64Array],
    cbv: Float64Array,
    brain: BoolArray,
    fault: Fault | None,
    grid: Grid,
    rng: np.random.Generator,
) -> tuple[dict[Sequence, Float64Array], Float64Array]:
    """The stored images and CBV map with what happens after noise; sound ones come back as they are."""
    damaged = dict(images)
    if fault is Fault.METAL:
        void, border = metal_zones(brain, grid, rng, "maps")
        damaged[Sequence.ADC] = np.minimum(_with_metal(damaged[Sequence.ADC], void, border), ADC_MAX)
        cbv = np.minimum(_with_metal(cbv, void, border), CBV_MAX)
    elif fault is Fault.MISREGISTERED_CBV:
        steps = [round(shift / spacing) for shift, spacing in zip(_SHIFT_MM, grid.spacing_mm, strict=False)]
        cbv = np.roll(cbv, steps, axis=(0, 1))
    elif fault is Fault.ADC_UNIT:
        damaged[Sequence.ADC] = damaged[Sequence.ADC] * 1e-6
    elif fault is Fault.CBV_UNIT:
        cbv = cbv * ARBITRARY_CBV_SCALE
    elif fault is Fault.WRONG_T1C:
        damaged[Sequence.T1C] = damaged[Sequence.T1]
    return damaged, cbv


def metal_zones(
    brain: BoolArray, grid: Grid, rng: np.random.Generator, extent: str
) -> tuple[BoolArray, BoolArray]:
    """Void and bright border around a piece of metal at the brain's surface, both bool (X, Y, Z).

    `extent` is "standard" for spin echoes or "maps" for echo-planar ADC and CBV, where the void is
    larger. Sizes are shares of the brain, so that every head is hit alike.
    """
    places = np.argwhere(brain) * np.array(grid.spacing_mm)
    centre = places.mean(axis=0)
    angle = rng.uniform(0.2, 0.8) * np.pi
    outward = (places[:, 0] - centre[0]) * np.cos(angle) + (places[:, 1] - centre[1]) * np.sin(angle)
    metal = places[int(np.argmax(outward))]
    metal[2] = centre[2]
    offsets = places - metal
    distance2 = offsets[:, 0] ** 2 + offsets[:, 1] ** 2 + offsets[:, 2] ** 2
    order = np.argsort(distance2, kind="stable")
    inner = round(_METAL_VOID_SHARE[extent] * order.size)
    outer = inner + round(_METAL_BORDER_SHARE[extent] * order.size)
    zones = []
    for chosen in (order[:inner], order[inner:outer]):
        zone = np.zeros(brain.shape, dtype=np.bool_)
        zone.reshape(-1)[np.flatnonzero(brain)[chosen]] = True
        zones.append(zone)
    return zones[0], zones[1]


def moved_while_scanned(image: Float64Array, grid: Grid, rng: np.random.Generator) -> Float64Array:
    """An image (X, Y, Z) whose k-space lines along y were filled in several poses of the head."""
    lines = np.array_split(np.arange(image.shape[1]), _MOTION_POSES)
    space = np.zeros(image.shape, dtype=np.complex128)
    for part in lines:
        shift_mm = rng.uniform(-_MOTION_MM, _MOTION_MM, 2)
        degrees = float(rng.uniform(-_MOTION_DEGREES, _MOTION_DEGREES))
        posed = _posed(image, shift_mm / grid.spacing_mm[0], np.deg2rad(degrees))
        space[:, part] = np.fft.fftshift(np.fft.fft2(posed, axes=(0, 1)), axes=1)[:, part]
    return np.abs(np.fft.ifft2(np.fft.ifftshift(space, axes=1), axes=(0, 1)))


def _posed(image: Float64Array, shift_voxels: Float64Array, radians: float) -> Float64Array:
    """An image turned in plane about its centre and shifted, trilinear, 0 outside."""
    x, y, z = np.meshgrid(*(np.arange(size, dtype=np.float64) for size in image.shape), indexing="ij")
    middle = 0.5 * (image.shape[0] - 1)
    across, along = x - middle - shift_voxels[0], y - middle - shift_voxels[1]
    cosine, sine = np.cos(radians), np.sin(radians)
    places = np.stack([cosine * across + sine * along + middle, cosine * along - sine * across + middle, z])
    return ndimage.map_coordinates(image, places, order=1, cval=0.0)


def _with_metal(image: Float64Array, void: BoolArray, border: BoolArray) -> Float64Array:
    return np.where(void, 0.0, np.where(border, image * _PILE_UP, image))
