"""Faults that a study can hold: each is planted in otherwise sound examinations, to be found again.

Physics comes first where it can: motion and metal act on the noise-free recording, a low signal
raises the noise. Wrong units and wrong files act on what is stored. Every fault can be planted at a
part of its strength, to see how small a fault a check still finds.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.options import Strength
from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.acquisition import ADC_MAX, CBV_MAX, StoredImages
from cbvsynth.phantom.artefacts import Extent, metal_zones, moved_while_scanned
from cbvsynth.phantom.blood_flow import CBF_MAX
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.recording import Recording
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.transforms import Displacement

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
    MOVED_T1C_FLAIR = "moved-t1c-flair"
    MOVED_WRONG_T1C = "moved-wrong-t1c"
    MIRRORED_CBV = "mirrored-cbv"
    NEGATIVE_CBV = "negative-cbv"
    NAN_CBV = "nan-cbv"

    @property
    def explanation(self) -> str:
        """What was done, in one line."""
        return _EXPLANATIONS[self]

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """The strengths that mean something: a mirror has no half, and a unit of ADC no quarter."""
        if self is Fault.MIRRORED_CBV:
            return (Strength.FULL,)
        if self is Fault.ADC_UNIT:
            return Strength.FULL, Strength.HALF
        return tuple(Strength)


ALIGNED_FAULTS = tuple(Fault)[:8]
"""What the aligned study holds, one kind after the other; more kinds would change its bytes."""

_EXPLANATIONS = {
    Fault.METAL: "metal at the skull: signal void with a bright border, larger on ADC and CBV",
    Fault.MOTION: "the head moved while k-space of T1, T2, T1C and FLAIR was filled",
    Fault.MISREGISTERED_CBV: "the CBV map is shifted against all other images",
    Fault.ADC_UNIT: "ADC is stored in mm2/s although its sidecar says 1e-6 mm2/s",
    Fault.CBV_UNIT: "CBV is stored in arbitrary units although its sidecar says mL/100g",
    Fault.WRONG_T1C: "the file of T1C holds T1",
    Fault.LOW_SNR: "far more noise than signal warrants in all sequences",
    Fault.MISSING_SLICES: "only the lowest slices were stored",
    Fault.MOVED_T1C_FLAIR: "T1C and FLAIR were recorded with the head 10 mm and 5 degrees away",
    Fault.MOVED_WRONG_T1C: "the file of T1C holds T1, moved by 10 mm and 5 degrees",
    Fault.MIRRORED_CBV: "the CBV map is mirrored, left for right",
    Fault.NEGATIVE_CBV: "an offset leaves a third of the brain with a CBV below 0",
    Fault.NAN_CBV: "CBV could not be computed in a tenth of the brain and is not a number there",
}

LOW_SNR_NOISE = 8.0
"""Factor on the noise; the signal-to-noise ratio of T1 falls to about 5."""
ARBITRARY_CBV_SCALE = 250.0
"""Factor between mL/100 g and the arbitrary unit of an uncalibrated CBV map; its half is its square root."""
SLICES_LEFT = 5
"""Slices that remain of an incomplete examination; SSIM's window needs 7."""
SHIFT_MM = (15.0, 13.0)
"""Shift of a misregistered CBV map along x and y: 19.8 mm."""
MOVE_MM, MOVE_AXIS, MOVE_DEGREES = (6.0, 6.4, 4.8), (0.8, 0.0, 0.6), 5.0
"""How far T1C and FLAIR were moved: 10 mm, and 5 degrees about an oblique axis."""
NEGATIVE_SHARE = 0.34
"""Share of the brain whose CBV an offset takes below 0."""
NAN_SHARE = 0.10
"""Share of the brain where CBV is not a number."""


def noise_factor(fault: Fault | None, strength: Strength = Strength.FULL) -> float:
    """Factor on the noise of all images."""
    return 1.0 + (LOW_SNR_NOISE - 1.0) * strength.share if fault is Fault.LOW_SNR else 1.0


def slices_kept(fault: Fault | None, slices: int, strength: Strength = Strength.FULL) -> int:
    """How many of the slices were stored."""
    return (
        slices - round((slices - SLICES_LEFT) * strength.share) if fault is Fault.MISSING_SLICES else slices
    )


def displacement(strength: Strength) -> Displacement:
    """The move of T1C and FLAIR."""
    x, y, z = (strength.share * part for part in MOVE_MM)
    return Displacement((x, y, z), MOVE_AXIS, strength.share * MOVE_DEGREES)


def damage_recording(
    recording: Recording,
    fault: Fault | None,
    grid: Grid,
    streams: Streams,
    strength: Strength = Strength.FULL,
) -> Recording:
    """The noise-free images with what happens before noise: motion, moves, and metal in spin echoes."""
    if fault is Fault.MOTION:
        rng = streams.of_session(Purpose.FAULT)
        moved = {
            name: moved_while_scanned(image, grid.spacing_mm[0], rng, strength.share)
            for name, image in recording.signals.items()
        }
        return replace(recording, signals=moved)
    if fault is Fault.METAL:
        zones = metal_zones(recording.brain, grid, streams, Extent.SPIN_ECHO, strength.share)
        return replace(
            recording, signals={name: zones.on(image) for name, image in recording.signals.items()}
        )
    if fault is Fault.MOVED_T1C_FLAIR:
        away = {
            name: _moved(recording.signals[name], grid, strength) for name in (Sequence.T1C, Sequence.FLAIR)
        }
        return replace(recording, signals=recording.signals | away)
    return recording


def damage_stored(  # noqa: PLR0913, PLR0917  # what was stored, and which fault
    stored: StoredImages,
    brain: BoolArray,
    fault: Fault | None,
    grid: Grid,
    streams: Streams,
    strength: Strength = Strength.FULL,
) -> StoredImages:
    """The stored images with what happens after noise; sound ones come back as they are."""
    images, cbv = dict(stored.images), damaged_cbv(stored.cbv, brain, fault, streams, strength)
    if fault is Fault.METAL:
        zones = metal_zones(brain, grid, streams, Extent.ECHO_PLANAR, strength.share)
        images[Sequence.ADC] = np.minimum(zones.on(images[Sequence.ADC]), ADC_MAX)
        if Sequence.ASL in images:
            images[Sequence.ASL] = np.minimum(zones.on(images[Sequence.ASL]), CBF_MAX)
        cbv = np.minimum(zones.on(cbv), CBV_MAX)
    elif fault is Fault.MISREGISTERED_CBV:
        shifts = [strength.share * shift for shift in SHIFT_MM]
        steps = [round(shift / spacing) for shift, spacing in zip(shifts, grid.spacing_mm, strict=False)]
        cbv = np.roll(cbv, steps, axis=(0, 1))
    elif fault is Fault.ADC_UNIT:
        images[Sequence.ADC] = images[Sequence.ADC] * adc_factor(fault, strength)
    elif fault is Fault.WRONG_T1C:
        share = strength.share
        images[Sequence.T1C] = share * images[Sequence.T1] + (1.0 - share) * images[Sequence.T1C]
    elif fault is Fault.MOVED_WRONG_T1C:
        images[Sequence.T1C] = _moved(images[Sequence.T1], grid, strength)
    elif fault is Fault.MIRRORED_CBV:
        cbv = cbv[::-1]
    return StoredImages(images, cbv)


def adc_factor(fault: Fault | None, strength: Strength) -> float:
    """Factor from 1e-6 mm2/s to what is stored: mm2/s, and 1e-3 mm2/s at half of the strength."""
    return float(1e-6**strength.share) if fault is Fault.ADC_UNIT else 1.0


def damaged_cbv(
    cbv: Float64Array, brain: BoolArray, fault: Fault | None, streams: Streams, strength: Strength
) -> Float64Array:
    """A CBV map with what happens to its values, wherever it lies."""
    if fault is Fault.CBV_UNIT:
        return cbv * float(ARBITRARY_CBV_SCALE**strength.share)
    if fault is Fault.NEGATIVE_CBV:
        offset = float(np.quantile(cbv[brain], NEGATIVE_SHARE * strength.share))
        return np.where(brain, cbv - offset, cbv)
    if fault is Fault.NAN_CBV:
        rng = streams.of_session(Purpose.FAULT)
        voxels = np.flatnonzero(brain)
        lost = rng.choice(voxels, round(NAN_SHARE * strength.share * voxels.size), replace=False)
        damaged = cbv.copy()
        damaged.flat[lost] = np.nan
        return damaged
    return cbv


def _moved(image: Float64Array, grid: Grid, strength: Strength) -> Float64Array:
    """An image on an aligned grid, recorded with the head elsewhere; trilinear, 0 outside."""
    back, spacing = displacement(strength).inverse, np.array(grid.spacing_mm)
    origin = np.array(grid.origin_mm)
    matrix = back[:3, :3] * spacing[None, :] / spacing[:, None]
    offset = ((back[:3, :3] * origin).sum(axis=1) + back[:3, 3] - origin) / spacing
    return np.asarray(ndimage.affine_transform(image, matrix, offset, order=1, mode="nearest"))
