"""Faults that a study can hold: each is planted in otherwise sound examinations, to be found again.

Physics comes first where it can: motion and metal act on the noise-free recording, a low signal
raises the noise. Wrong units and wrong files act on what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import ADC_MAX, CBV_MAX, StoredImages
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.recording import Recording
from cbvsynth.phantom.streams import Purpose, Streams

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

LOW_SNR_NOISE = 8.0
"""Factor on the noise; the signal-to-noise ratio of T1 falls to about 5."""
ARBITRARY_CBV_SCALE = 250.0
"""Factor between mL/100 g and the arbitrary unit of an uncalibrated CBV map."""
SLICES_LEFT = 5
"""Slices that remain of an incomplete examination; SSIM's window needs 7."""

_SHIFT_MM = (15.0, 13.0)
_PILE_UP = 2.2
_MOTION_POSES = 7
_MOTION_MM = 9.0
_MOTION_DEGREES = 7.0


def noise_factor(fault: Fault | None) -> float:
    """Factor on the noise of all images."""
    return LOW_SNR_NOISE if fault is Fault.LOW_SNR else 1.0


def damage_recording(recording: Recording, fault: Fault | None, grid: Grid, streams: Streams) -> Recording:
    """The noise-free images with what happens before noise: motion, and metal in spin echoes."""
    if fault is Fault.MOTION:
        rng = streams.of_session(Purpose.FAULT)
        moved = {name: moved_while_scanned(image, grid, rng) for name, image in recording.signals.items()}
        return replace(recording, signals=moved)
    if fault is Fault.METAL:
        zones = metal_zones(recording.brain, grid, streams, Extent.SPIN_ECHO)
        return replace(
            recording, signals={name: zones.on(image) for name, image in recording.signals.items()}
        )
    return recording


def damage_stored(
    stored: StoredImages, brain: BoolArray, fault: Fault | None, grid: Grid, streams: Streams
) -> StoredImages:
    """The stored images with what happens after noise; sound ones come back as they are."""
    images, cbv = dict(stored.images), stored.cbv
    if fault is Fault.METAL:
        zones = metal_zones(brain, grid, streams, Extent.ECHO_PLANAR)
        images[Sequence.ADC] = np.minimum(zones.on(images[Sequence.ADC]), ADC_MAX)
        cbv = np.minimum(zones.on(cbv), CBV_MAX)
    elif fault is Fault.MISREGISTERED_CBV:
        steps = [round(shift / spacing) for shift, spacing in zip(_SHIFT_MM, grid.spacing_mm, strict=False)]
        cbv = np.roll(cbv, steps, axis=(0, 1))
    elif fault is Fault.ADC_UNIT:
        images[Sequence.ADC] = images[Sequence.ADC] * 1e-6
    elif fault is Fault.CBV_UNIT:
        cbv = cbv * ARBITRARY_CBV_SCALE
    elif fault is Fault.WRONG_T1C:
        images[Sequence.T1C] = images[Sequence.T1]
    return StoredImages(images, cbv)


class Extent(Enum):
    """How far metal reaches: shares of the brain that are void, and that are the bright border of it."""

    SPIN_ECHO = (0.03, 0.015)
    ECHO_PLANAR = (0.14, 0.06)


@dataclass(frozen=True)
class MetalZones:
    """Where metal leaves no signal and where the displaced signal piles up, both bool (X, Y, Z)."""

    void: BoolArray
    border: BoolArray

    def on(self, image: Float64Array) -> Float64Array:
        """An image with the artefact."""
        return np.where(self.void, 0.0, np.where(self.border, image * _PILE_UP, image))


def metal_zones(brain: BoolArray, grid: Grid, streams: Streams, extent: Extent) -> MetalZones:
    """The artefact of a piece of metal at the surface of the brain: the same piece for every extent.

    Sizes are shares of the brain, so that every head is hit alike.
    """
    voxels = np.flatnonzero(brain)
    places = np.argwhere(brain) * np.array(grid.spacing_mm)
    centre = places.mean(axis=0)
    angle = streams.of_session(Purpose.FAULT).uniform(0.2, 0.8) * np.pi
    outward = (places[:, 0] - centre[0]) * np.cos(angle) + (places[:, 1] - centre[1]) * np.sin(angle)
    metal = np.array([*places[int(np.argmax(outward)), :2], centre[2]])
    offsets = places - metal
    order = np.argsort(offsets[:, 0] ** 2 + offsets[:, 1] ** 2 + offsets[:, 2] ** 2, kind="stable")
    ends = np.cumsum([round(share * order.size) for share in extent.value])
    void, border = np.zeros((2, brain.size), dtype=np.bool_)
    void[voxels[order[: ends[0]]]] = True
    border[voxels[order[ends[0] : ends[1]]]] = True
    return MetalZones(void.reshape(brain.shape), border.reshape(brain.shape))


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
    turned: Float64Array = ndimage.map_coordinates(image, places, order=1, cval=0.0)
    return turned
