"""Signal equations: what a tissue sends back in each sequence.

All functions take and give arrays of one shape, or numbers. Rates are in 1/s, times in s, ADC in
1e-6 mm2/s, concentrations in mM; signals are relative to pure water at equilibrium.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Protocol:
    """Timing of a spin-echo sequence in s; an inversion time of 0 means no inversion."""

    repetition_s: float
    echo_s: float
    inversion_s: float = 0.0


T1_PROTOCOL = Protocol(0.550, 0.009)
T2_PROTOCOL = Protocol(4.000, 0.095)
FLAIR_PROTOCOL = Protocol(9.000, 0.095, 2.500)
DIFFUSION_PROTOCOL = Protocol(6.000, 0.080)

B_VALUE_S_PER_MM2 = 1000.0
"""Diffusion weighting of the second image of a pair; the first has none."""
R1_RELAXIVITY = 5.0
"""Increase of 1/T1 per mM of gadobutrol, 1/(s mM). Source: Rohrer et al. 2005, plasma at 3 T."""
R2_RELAXIVITY = 7.1
"""Increase of 1/T2 per mM of gadobutrol, 1/(s mM). Source: as above."""
BLOOD_GADOLINIUM_MM = 0.65
"""Concentration in whole blood minutes after 0.1 mmol/kg, mM; ours, from the dose and the
extracellular volume."""
USUAL_DELAY_MINUTES = 5.0
"""Time from injection to T1C at which blood and lesions hold what the phantom's tables say; ours."""
_PLASMA = ((3.99, 0.144), (4.78, 0.0111))
"""Concentration in plasma after a bolus: amplitudes, kg/L, and rates, 1/min. Source: Weinmann et al. 1984,
Physiol Chem Phys Med NMR 16:167, as fitted by Tofts and Kermode 1991, Magn Reson Med 17:357."""


def spin_echo(
    proton_density: Float64Array, r1_per_s: Float64Array, r2_per_s: Float64Array, protocol: Protocol
) -> Float64Array:
    """Magnitude of a spin echo, with an inversion before it where the protocol has one.

    S = PD |1 - 2 exp(-TI R1) + exp(-TR R1)| exp(-TE R2) with, and PD (1 - exp(-TR R1)) exp(-TE R2)
    without inversion. Source: Bernstein et al. 2004, Handbook of MRI Pulse Sequences, 14.2 and 16.4.
    """
    recovery = np.exp(-protocol.repetition_s * r1_per_s)
    if protocol.inversion_s > 0:
        magnetisation = np.abs(1.0 - 2.0 * np.exp(-protocol.inversion_s * r1_per_s) + recovery)
    else:
        magnetisation = 1.0 - recovery
    return proton_density * magnetisation * np.exp(-protocol.echo_s * r2_per_s)


def arrived_after(delay_minutes: float) -> tuple[float, float]:
    """Contrast agent in blood and leaked into a lesion, each as a factor of what it is at the usual delay.

    Blood empties by two exponentials while a lesion fills in proportion to what has passed by. Nothing flows
    back from it, which holds for some 15 minutes; a simplification of ours.
    """

    def blood(minutes: float) -> float:
        return sum(size * math.exp(-rate * minutes) for size, rate in _PLASMA)

    def passed_by(minutes: float) -> float:
        return sum(size / rate * -math.expm1(-rate * minutes) for size, rate in _PLASMA)

    usual = USUAL_DELAY_MINUTES
    return blood(delay_minutes) / blood(usual), passed_by(delay_minutes) / passed_by(usual)


def with_gadolinium(
    r1_per_s: Float64Array, r2_per_s: Float64Array, concentration_mm: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Relaxation rates after a contrast agent has arrived: both rise in proportion to it."""
    return r1_per_s + R1_RELAXIVITY * concentration_mm, r2_per_s + R2_RELAXIVITY * concentration_mm


def diffusion_weighted(signal: Float64Array, adc: Float64Array, b_s_per_mm2: float) -> Float64Array:
    """A signal attenuated by diffusion, S exp(-b ADC). Source: Stejskal and Tanner 1965."""
    return signal * np.exp(-b_s_per_mm2 * 1e-6 * adc)


def adc_from_pair(
    unweighted: Float64Array, weighted: Float64Array, b_s_per_mm2: float = B_VALUE_S_PER_MM2
) -> Float64Array:
    """ADC in 1e-6 mm2/s from two signals, ln(S0 / Sb) / b; both must be positive."""
    return np.log(unweighted / weighted) * (1e6 / b_s_per_mm2)
