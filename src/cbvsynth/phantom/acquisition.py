"""What the scanner records: one coil, one gain per sequence, noise, and a CBV map by the bookend way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.anatomy import Anatomy
from cbvsynth.phantom.fields import smooth_field
from cbvsynth.phantom.grid import Grid
from cbvsynth.phantom.lesions import Lesion
from cbvsynth.phantom.signals import (
    B_VALUE_S_PER_MM2,
    BLOOD_GADOLINIUM_MM,
    DIFFUSION_PROTOCOL,
    FLAIR_PROTOCOL,
    T1_PROTOCOL,
    T2_PROTOCOL,
    adc_from_pair,
    diffusion_weighted,
    spin_echo,
    with_gadolinium,
)
from cbvsynth.phantom.streams import PATIENT_LEVEL, Purpose, stream
from cbvsynth.phantom.tissues import SOLID_LESIONS, TISSUES, Properties, Tissue

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ADC_MAX = 4000.0
"""Largest ADC that is stored, 1e-6 mm2/s."""
CBV_MIN, CBV_MAX = 0.05, 60.0
"""Range of CBV in the brain that is stored, mL/100 g; 0 is kept for the background."""

SIGNAL_SCALE = 1000.0
"""Stored units per unit of signal (pure water at equilibrium)."""
NOISE = {Sequence.T1: 14.0, Sequence.T2: 9.0, Sequence.T1C: 14.0, Sequence.FLAIR: 9.0}
"""Standard deviation of the noise of either channel in stored units: SNR of some 20 in white matter."""
DIFFUSION_NOISE = 6.0
"""The same for each diffusion-weighted image after averaging."""
COIL_DEPTH = 0.10
"""Standard deviation of the receive field's relative sensitivity over the head."""
PERFUSION_DEVIATION = 0.10
"""Standard deviation of the logarithm of a person's CBV from one examination to another."""
BOOKEND_SCALE_DEVIATION = 0.04
"""The same for the calibration by T1 of blood and white matter, before and after contrast agent."""
CBV_NOISE = (0.12, 0.05)
"""Noise of the CBV map: mL/100 g, and a share of CBV. Ours: modest beside the biological spread."""
CBV_BLUR_MM = 2.0
"""Standard deviation of the point spread of echo-planar perfusion images in plane."""


@dataclass(frozen=True)
class Recording:
    """Noise-free images on the examination's grid, (X, Y, Z), before anything goes wrong.

    `signals` are T1, T2, T1C and FLAIR in stored units, `diffusion` the images without and with
    diffusion weighting, `cbv` the true map in mL/100 g seen through the point spread, `brain` the mask.
    """

    signals: dict[Sequence, Float64Array]
    diffusion: tuple[Float64Array, Float64Array]
    cbv: Float64Array
    brain: BoolArray


def record(seed: int, patient: int, session: int, anatomy: Anatomy, lesion: Lesion, grid: Grid) -> Recording:
    """Noise-free images of one examination."""
    axes = grid.fine_axes_mm()
    properties = _person(seed, patient, lesion)
    mixture = {
        name: _mix(anatomy, {tissue: getter(values) for tissue, values in properties.items()})
        for name, getter in _MIXED.items()
    }
    inverse = 1.0 / np.maximum(anatomy.brain, 1e-3)
    r1, r2, adc = (mixture[name] * inverse for name in ("r1", "r2", "adc"))
    density = mixture["proton_density"]
    cbv = _true_cbv(seed, patient, session, anatomy, properties, axes)
    gadolinium = (
        cbv / 100.0 * BLOOD_GADOLINIUM_MM + anatomy.shares[Tissue.SOLID] * anatomy.lesion.leak_mm
    ) * inverse
    r1_after, r2_after = with_gadolinium(r1, r2, gadolinium)
    coil, gains = _coil(seed, patient, session, axes)
    density = density * coil * SIGNAL_SCALE
    fine = {
        Sequence.T1: spin_echo(density, r1, r2, T1_PROTOCOL),
        Sequence.T2: spin_echo(density, r1, r2, T2_PROTOCOL),
        Sequence.T1C: spin_echo(density, r1_after, r2_after, T1_PROTOCOL),
        Sequence.FLAIR: spin_echo(density, r1, r2, FLAIR_PROTOCOL),
    }
    unweighted = spin_echo(density, r1, r2, DIFFUSION_PROTOCOL)
    weighted = diffusion_weighted(unweighted, adc, B_VALUE_S_PER_MM2)
    sigma = CBV_BLUR_MM / grid.spacing_mm[0]
    return Recording(
        signals={sequence: grid.voxel_means(image) * gains[sequence] for sequence, image in fine.items()},
        diffusion=(grid.voxel_means(unweighted), grid.voxel_means(weighted)),
        cbv=ndimage.gaussian_filter(grid.voxel_means(cbv), (sigma, sigma, 0.0), mode="constant"),
        brain=grid.voxel_means(anatomy.brain) > 0.5,
    )


def add_noise(
    recording: Recording, seed: int, patient: int, session: int, level: float = 1.0
) -> dict[Sequence, Float64Array]:
    """The five images as a scanner stores them: Rician everywhere; ADC only in the brain, 1e-6 mm2/s."""
    rng = stream(seed, patient, session, Purpose.NOISE)
    images = {
        sequence: rician(recording.signals[sequence], NOISE[sequence] * level, rng) for sequence in NOISE
    }
    unweighted, weighted = (rician(image, DIFFUSION_NOISE * level, rng) for image in recording.diffusion)
    adc = adc_from_pair(np.maximum(unweighted, 1e-3), np.maximum(weighted, 1e-3))
    images[Sequence.ADC] = np.where(recording.brain, np.clip(adc, 1.0, ADC_MAX), 0.0)
    return images


def rician(signal: Float64Array, deviation: float, rng: np.random.Generator) -> Float64Array:
    """Magnitude of a signal with Gaussian noise in both channels. Source: Gudbjartsson 1995."""
    real = signal + deviation * rng.standard_normal(signal.shape)
    imaginary = deviation * rng.standard_normal(signal.shape)
    return np.sqrt(real * real + imaginary * imaginary)


def measure_cbv(recording: Recording, seed: int, patient: int, session: int) -> Float64Array:
    """CBV in mL/100 g as the bookend technique would measure it; 0 outside the brain."""
    rng = stream(seed, patient, session, Purpose.BOOKEND)
    scale = float(np.exp(BOOKEND_SCALE_DEVIATION * rng.standard_normal()))
    constant, share = CBV_NOISE
    noise = rng.standard_normal(recording.cbv.shape)
    measured = scale * recording.cbv + noise * (constant + share * recording.cbv)
    return np.where(recording.brain, np.clip(measured, CBV_MIN, CBV_MAX), 0.0)


_MIXED = {
    "r1": lambda tissue: 1000.0 / tissue.t1_ms,
    "r2": lambda tissue: 1000.0 / tissue.t2_ms,
    "proton_density": lambda tissue: tissue.proton_density,
    "adc": lambda tissue: tissue.adc,
}


def _mix(anatomy: Anatomy, values: dict[Tissue, float]) -> Float64Array:
    return sum(
        (anatomy.shares[tissue] * value for tissue, value in values.items()), np.zeros_like(anatomy.brain)
    )


def _person(seed: int, patient: int, lesion: Lesion) -> dict[Tissue, Properties]:
    """The tissue table of one person: every value a few per cent off."""
    rng = stream(seed, patient, PATIENT_LEVEL, Purpose.TISSUE)
    table = {**TISSUES, Tissue.SOLID: SOLID_LESIONS[lesion.diagnosis]}
    person = {}
    for tissue, values in table.items():
        spread = 0.06 if tissue in (Tissue.SOLID, Tissue.OEDEMA, Tissue.NECROSIS) else 0.025
        factors = 1.0 + spread * np.clip(rng.standard_normal(3), -2.0, 2.0)
        person[tissue] = replace(
            values,
            t1_ms=values.t1_ms * float(factors[0]),
            t2_ms=values.t2_ms * float(factors[1]),
            adc=values.adc * float(factors[2]),
        )
    return person


def _true_cbv(seed, patient, session, anatomy, properties, axes):  # type: ignore
    territory, patch = (
        smooth_field(stream(seed, patient, PATIENT_LEVEL, Purpose.PERFUSION), axes, spacing)
        for spacing in (40.0, 12.0)
    )
    local = 1.0 + 0.08 * territory + 0.12 * patch
    level = float(
        np.exp(PERFUSION_DEVIATION * stream(seed, patient, session, Purpose.TISSUE).standard_normal())
    )
    normal = _mix(anatomy, {t: p.cbv for t, p in properties.items() if t not in (Tissue.SOLID, Tissue.BLOOD)})
    rest = (
        anatomy.shares[Tissue.BLOOD] * properties[Tissue.BLOOD].cbv
        + anatomy.shares[Tissue.SOLID] * anatomy.lesion.cbv
    )
    return level * normal * np.clip(local, 0.5, 1.5) + rest


def _coil(seed, patient, session, axes):  # type: ignore
    rng = stream(seed, patient, session, Purpose.COIL)
    coil = 1.0 + COIL_DEPTH * np.clip(smooth_field(rng, axes, 75.0), -2.5, 2.5)
    return coil, {sequence: float(rng.uniform(0.85, 1.15)) for sequence in NOISE}
