"""From anatomy to noise-free images: tissue properties, contrast agent, coil, partial volume."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.anatomy import Anatomy, Axes
from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.signals import (
    B_VALUE_S_PER_MM2,
    BLOOD_GADOLINIUM_MM,
    DIFFUSION_PROTOCOL,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    USUAL_DELAY_MINUTES,
    arrived_after,
    diffusion_weighted,
    spin_echo,
    with_gadolinium,
)
from cbvsynth.phantom.streams import Purpose, Streams
from cbvsynth.phantom.tissues import SOLID_LESIONS, TISSUES, Diagnosis, Properties, Tissue

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SIGNAL_SCALE = 1000.0
"""Stored units per unit of signal (pure water at equilibrium)."""
ANATOMICAL = (Sequence.T1, Sequence.T2, Sequence.T1C, Sequence.FLAIR)
"""Sequences whose intensities have no unit."""

# The numbers below are ours: variation between people and scanners that stays within what is usual.
NORMAL_SPREAD = 0.025
"""Standard deviation, relative, of T1, T2 and ADC of normal tissue between people."""
LESION_SPREAD = 0.06
"""The same for oedema, necrosis and the solid part of a lesion."""
TERRITORY_SPREAD, PATCH_SPREAD = 0.08, 0.12
"""Standard deviations, relative, of normal CBV over some 8 cm and over some 2 cm."""
PERFUSION_SPREAD = 0.10
"""Standard deviation of the logarithm of normal CBV between examinations."""
COIL_SPREAD = 0.03
"""Standard deviation, relative, of the receive field that is left after the scanner's own correction."""
GAIN_RANGE = (0.85, 1.15)
"""Receiver gain of a sequence."""
CBV_BLUR_MM = 2.0
"""Standard deviation in plane of the point spread of echo-planar perfusion images."""

_PATCH_KNOTS_MM, _TERRITORY_KNOTS_MM, _COIL_KNOTS_MM = 12.0, 40.0, 75.0


@dataclass(frozen=True)
class Recording:
    """Noise-free images on the examination's grid, (X, Y, Z), before anything can go wrong.

    `signals` are T1, T2, T1C and FLAIR in stored units, `diffusion` the images without and with
    diffusion weighting, `cbv` in mL/100 g as its point spread lets it be seen, `brain` the mask, `cbf` in
    mL/100 g/min where arterial spin labelling is done.
    """

    signals: dict[Sequence, Float64Array]
    diffusion: tuple[Float64Array, Float64Array]
    cbv: Float64Array
    brain: BoolArray
    cbf: Float64Array | None = None


@dataclass(frozen=True)
class FineRecording:
    """What a scanner of unlimited resolution would record, (X, Y, Z) on a fine grid.

    `signals` and `diffusion` in stored units but for the receiver's `gains`; `cbv` in mL/100 g before its
    point spread; `coil` is the sensitivity that the signals already hold.
    """

    signals: dict[Sequence, Float64Array]
    diffusion: tuple[Float64Array, Float64Array]
    cbv: Float64Array
    coil: Float64Array
    gains: dict[Sequence, float]


def record(
    streams: Streams,
    anatomy: Anatomy,
    diagnosis: Diagnosis,
    grid: Grid,
    t1c_delay_minutes: float = USUAL_DELAY_MINUTES,
) -> Recording:
    """Noise-free images of one examination; `anatomy` lies on the fine grid."""
    fine = record_fine(streams, anatomy, diagnosis, grid.fine_axes_mm(), t1c_delay_minutes)
    unweighted, weighted = fine.diffusion
    blur = CBV_BLUR_MM / grid.spacing_mm[0]
    return Recording(
        signals={name: grid.voxel_means(image) * fine.gains[name] for name, image in fine.signals.items()},
        diffusion=(grid.voxel_means(unweighted), grid.voxel_means(weighted)),
        cbv=ndimage.gaussian_filter(grid.voxel_means(fine.cbv), (blur, blur, 0.0), mode="constant"),
        brain=grid.voxel_means(anatomy.brain) > 0.5,
    )


def record_fine(
    streams: Streams,
    anatomy: Anatomy,
    diagnosis: Diagnosis,
    axes: Axes,
    t1c_delay_minutes: float = USUAL_DELAY_MINUTES,
) -> FineRecording:
    """The signals of an anatomy at every place of its own grid, whose positions are `axes`."""
    tissues = _tissues_of_person(streams, diagnosis)
    per_brain = 1.0 / np.maximum(anatomy.brain, 1e-3)  # a border voxel's brain part has brain's properties
    r1 = _mix(anatomy, {name: 1000.0 / tissue.t1_ms for name, tissue in tissues.items()}) * per_brain
    r2 = _mix(anatomy, {name: 1000.0 / tissue.t2_ms for name, tissue in tissues.items()}) * per_brain
    adc = _mix(anatomy, {name: tissue.adc for name, tissue in tissues.items()}) * per_brain
    water = _mix(anatomy, {name: tissue.proton_density for name, tissue in tissues.items()})
    coil, gains = _receiver(streams, axes)
    water = water * coil * SIGNAL_SCALE
    cbv = _true_cbv(streams, anatomy, tissues, axes)
    leaked = anatomy.shares[Tissue.SOLID] * anatomy.lesion.leak_mm
    in_blood, in_lesion = arrived_after(t1c_delay_minutes)
    gadolinium_mm = (cbv / 100.0 * (BLOOD_GADOLINIUM_MM * in_blood) + leaked * in_lesion) * per_brain
    r1_after, r2_after = with_gadolinium(r1, r2, gadolinium_mm)
    signals = {
        Sequence.T1: spin_echo(water, r1, r2, T1_PROTOCOL),
        Sequence.T2: spin_echo(water, r1, r2, T2_PROTOCOL),
        Sequence.T1C: spin_echo(water, r1_after, r2_after, T1_PROTOCOL),
        Sequence.FLAIR: spin_echo(water, r1, r2, FLAIR_PROTOCOL),
    }
    unweighted = spin_echo(water, r1, r2, DIFFUSION_PROTOCOL)
    weighted = diffusion_weighted(unweighted, adc, B_VALUE_S_PER_MM2)
    return FineRecording(signals, (unweighted, weighted), cbv, coil, gains)


def _mix(anatomy: Anatomy, values: dict[Tissue, float]) -> Float64Array:
    """A property of a mixture: the mean over tissues, weighted by share."""
    total = np.zeros_like(anatomy.brain)
    for tissue, value in values.items():
        total += anatomy.shares[tissue] * value
    return total


def _tissues_of_person(streams: Streams, diagnosis: Diagnosis) -> dict[Tissue, Properties]:
    """The tissue table of one person: T1, T2 and ADC a few per cent off."""
    rng = streams.of_patient(Purpose.TISSUE)
    person = {}
    for tissue, usual in {**TISSUES, Tissue.SOLID: SOLID_LESIONS[diagnosis]}.items():
        is_lesion = tissue in (Tissue.SOLID, Tissue.OEDEMA, Tissue.NECROSIS)
        spread = LESION_SPREAD if is_lesion else NORMAL_SPREAD
        t1, t2, adc = (
            float(1.0 + spread * deviate) for deviate in np.clip(rng.standard_normal(3), -2.0, 2.0)
        )
        person[tissue] = replace(usual, t1_ms=usual.t1_ms * t1, t2_ms=usual.t2_ms * t2, adc=usual.adc * adc)
    return person


def _true_cbv(
    streams: Streams, anatomy: Anatomy, tissues: dict[Tissue, Properties], axes: Axes
) -> Float64Array:
    """CBV in mL/100 g on the fine grid: tissue varies from place to place, vessels and lesion apart."""
    local = local_perfusion(streams, axes)
    apart = (Tissue.SOLID, Tissue.BLOOD)
    tissue_cbv = _mix(anatomy, {name: tissue.cbv for name, tissue in tissues.items() if name not in apart})
    vessels = anatomy.shares[Tissue.BLOOD] * tissues[Tissue.BLOOD].cbv
    return local * tissue_cbv + vessels + anatomy.shares[Tissue.SOLID] * anatomy.lesion.cbv


def local_perfusion(streams: Streams, axes: Axes) -> Float64Array:
    """Factor on the perfusion of healthy tissue, from place to place and of the day, (X, Y, Z)."""
    rng = streams.of_patient(Purpose.PERFUSION)
    territory = smooth_field(rng, axes, _TERRITORY_KNOTS_MM)
    patch = smooth_field(rng, axes, _PATCH_KNOTS_MM)
    local = np.clip(1.0 + TERRITORY_SPREAD * territory + PATCH_SPREAD * patch, 0.5, 1.5)
    today = float(np.exp(PERFUSION_SPREAD * streams.of_session(Purpose.TISSUE).standard_normal()))
    return today * local


def _receiver(streams: Streams, axes: Axes) -> tuple[Float64Array, dict[Sequence, float]]:
    """Sensitivity of the coil over the fine grid, the same for all sequences, and each one's gain."""
    rng = streams.of_session(Purpose.COIL)
    coil = 1.0 + COIL_SPREAD * np.clip(smooth_field(rng, axes, _COIL_KNOTS_MM), -2.5, 2.5)
    return coil, {sequence: float(rng.uniform(*GAIN_RANGE)) for sequence in ANATOMICAL}
