"""What is stored: noise in both channels, ADC from a noisy pair, CBV as the bookend technique measures it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import Sequence
from cbvsynth.phantom.blood_flow import measured_flow
from cbvsynth.phantom.recording import ANATOMICAL, Recording
from cbvsynth.phantom.signals import adc_from_pair
from cbvsynth.phantom.streams import Purpose, Streams

Float64Array = npt.NDArray[np.float64]

ADC_MIN, ADC_MAX = 1.0, 4000.0
"""Range of ADC in the brain, 1e-6 mm2/s; 0 is kept for the background."""
CBV_MIN, CBV_MAX = 0.05, 60.0
"""Range of CBV in the brain, mL/100 g; 0 is kept for the background."""

NOISE = {Sequence.T1: 6.5, Sequence.T2: 10.0, Sequence.T1C: 5.0, Sequence.FLAIR: 9.0}
"""Standard deviation of the noise of either channel in stored units; ours: a signal-to-noise ratio of
some 40 in white matter's T1 and 20 in its T2; thick slices of 3.4 mm voxels have more than clinical ones."""
DIFFUSION_NOISE = 4.0
"""The same for each diffusion-weighted image after averaging."""
CBV_NOISE, CBV_NOISE_SHARE = 0.12, 0.05
"""Noise of the CBV map: mL/100 g, and a share of CBV. Ours: modest beside the biological spread."""
BOOKEND_SPREAD = 0.04
"""Standard deviation of the logarithm of the calibration factor, from T1 before and after contrast."""


@dataclass(frozen=True)
class StoredImages:
    """What reaches the archive, (X, Y, Z): the sequences, ADC in 1e-6 mm2/s, CBV in mL/100 g."""

    images: dict[Sequence, Float64Array]
    cbv: Float64Array


def acquire(recording: Recording, streams: Streams, noise_factor: float = 1.0) -> StoredImages:
    """Add noise and form the maps: Rician noise everywhere; ADC and CBV only inside the brain."""
    rng = streams.of_session(Purpose.NOISE)
    images = {name: rician(recording.signals[name], NOISE[name] * noise_factor, rng) for name in ANATOMICAL}
    unweighted, weighted = (
        np.maximum(rician(image, DIFFUSION_NOISE * noise_factor, rng), 1e-3) for image in recording.diffusion
    )
    adc = np.clip(adc_from_pair(unweighted, weighted), ADC_MIN, ADC_MAX)
    images[Sequence.ADC] = np.where(recording.brain, adc, 0.0)
    if recording.cbf is not None:
        images[Sequence.ASL] = measured_flow(recording.cbf, recording.brain, streams, noise_factor)
    return StoredImages(images, _measured_cbv(recording, streams.of_session(Purpose.BOOKEND)))


def rician(signal: Float64Array, deviation: float, rng: np.random.Generator) -> Float64Array:
    """Magnitude of a signal with Gaussian noise of `deviation` in both channels.

    Source: Gudbjartsson and Patz 1995, Magn Reson Med 34:910.
    """
    real = signal + deviation * rng.standard_normal(signal.shape)
    imaginary = deviation * rng.standard_normal(signal.shape)
    return np.sqrt(real * real + imaginary * imaginary)


def _measured_cbv(recording: Recording, rng: np.random.Generator) -> Float64Array:
    calibration = float(np.exp(BOOKEND_SPREAD * rng.standard_normal()))
    noise = rng.standard_normal(recording.cbv.shape) * (CBV_NOISE + CBV_NOISE_SHARE * recording.cbv)
    measured = calibration * recording.cbv + noise
    return np.where(recording.brain, np.clip(measured, CBV_MIN, CBV_MAX), 0.0)
