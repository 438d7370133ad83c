"""What benchmarks of algorithms share: held-out maps of a network in memory, and what is measured in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

    from cbvsynth.domain.sequences import Combination
    from cbvsynth.records.examinations import CachedExamination, ExaminationIndex

Array = npt.NDArray[np.float32]
FINE_CYCLES = (0.25, 0.5)
"""Cycles a voxel of texture: wavelengths of two to four voxels, the finest that the grid holds."""
LOW_BELOW = 4.25
"""mL/100 g: lesions whose real CBV is below it are of low perfusion. The gate's `lesion_threshold`."""


@dataclass(frozen=True)
class HeldOut:
    """One held-out examination: what the network reads, and the truth."""

    exam_id: str
    subject_id: str
    features: Array
    foreground: Array
    real: Array
    mask: npt.NDArray[np.bool_]
    lesion: npt.NDArray[np.bool_]


def held_out(
    index: ExaminationIndex, examinations: Sequence[CachedExamination], combination: Combination
) -> list[HeldOut]:
    """The held-out examinations, normalised as a served model does."""
    from cbvsynth.domain.metrics import lesion_region
    from cbvsynth.domain.sequences import Sequence as MriSequence
    from cbvsynth.training.dataset import raw_inputs
    from cbvsynth.training.normalise import normalise_arrays

    found = []
    for one in examinations:
        raw = raw_inputs(index, one, combination)
        features, foreground = normalise_arrays({MriSequence(name): raw[name] for name in raw})
        segmented = index.has(one.exam_id, "seg")
        mask = np.asarray(index.array(one.exam_id, "mask"), np.bool_)
        lesion = np.zeros_like(mask)
        if segmented:
            lesion = lesion_region(np.asarray(index.array(one.exam_id, "seg")), mask)
        real = np.asarray(index.array(one.exam_id, "cbv"), np.float32)
        found.append(HeldOut(one.exam_id, one.subject_id, features, foreground, real, mask, lesion))
    return found


@dataclass(frozen=True)
class Measured:
    """One map against the real one. SSIM in %, lesions in the target's unit, power as a ratio."""

    ssim_pct: float
    lesion_real: float
    lesion_synthetic: float
    fine_power: float
    """Power of the brain at wavelengths of 2 to 4 voxels, over the real map's; 1: as much texture."""


def measure(
    make: Callable[[HeldOut], Array], examinations: Sequence[HeldOut], cbv_max: float
) -> list[Measured]:
    """Make every map, in the target's unit, and measure it."""
    from cbvsynth.domain.ssim import score_ssim

    found = []
    for one in examinations:
        made = make(one)
        inside = one.lesion.any()
        found.append(
            Measured(
                100.0 * score_ssim(one.real, made, one.mask, data_range=cbv_max).cube_whole,
                float(one.real[one.lesion].mean()) if inside else np.nan,
                float(made[one.lesion].mean()) if inside else np.nan,
                fine_power(made, one) / fine_power(one.real, one),
            )
        )
    return found


def made_by(network: keras.Model, cbv_max: float, one: HeldOut) -> Array:
    """CBV in the target's unit, as the served graph computes it."""
    share = network(one.features[None]).numpy()[0]
    made: Array = (share * cbv_max).clip(0.0) * one.foreground
    return made


def fine_power(cbv: Array, one: HeldOut) -> float:
    """Mean power of the brain's slices at fine wavelengths; the mean of the brain is taken off first."""
    centred = np.where(one.mask, cbv - cbv[one.mask].mean(), 0.0)
    spectrum = np.abs(np.fft.fft2(centred, axes=(0, 1))) ** 2
    cycles = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, cbv.shape[:2]), indexing="ij"))
    fine = (cycles >= FINE_CYCLES[0]) & (cycles <= FINE_CYCLES[1])
    return float(spectrum[fine].mean())


@dataclass(frozen=True)
class Row:
    """Means over patients, each the mean of its examinations and seeds, with 95 % intervals by patient."""

    ssim_pct: tuple[float, float, float]
    lesion_error: tuple[float, float, float]
    slope: tuple[float, float, float]
    fine_power: tuple[float, float, float]
    low_bias: tuple[float, float, float]
    """Synthetic minus real CBV of the lesions of low perfusion."""
    ssim_of_seeds: tuple[float, ...]


def summarise(runs: Sequence[Sequence[Measured]], subjects: Sequence[str], samples: int = 1000) -> Row:
    """Pool the runs of several seeds; a patient is drawn again with all examinations and seeds.

    Args:
        runs: per seed, the measured maps in one order.
        subjects: the patient of each map of a run.
        samples: how often patients are drawn again.
    """
    names = sorted(set(subjects))
    rows_of = {name: [place for place, one in enumerate(subjects) if one == name] for name in names}
    rng = np.random.default_rng(2023)
    draws = [names, *(list(rng.choice(names, len(names))) for _ in range(samples))]
    table = np.array([_statistics(runs, [row for name in draw for row in rows_of[name]]) for draw in draws])
    low, high = np.nanpercentile(table[1:], (2.5, 97.5), axis=0)
    cells = [(float(table[0, k]), float(low[k]), float(high[k])) for k in range(table.shape[1])]
    of_seeds = tuple(float(np.mean([one.ssim_pct for one in run])) for run in runs)
    return Row(cells[0], cells[1], cells[2], cells[3], cells[4], of_seeds)


def _statistics(runs: Sequence[Sequence[Measured]], rows: list[int]) -> tuple[float, ...]:
    chosen = [run[row] for run in runs for row in rows]
    lesions = [one for one in chosen if np.isfinite(one.lesion_real)]
    real = np.array([one.lesion_real for one in lesions])
    synthetic = np.array([one.lesion_synthetic for one in lesions])
    low = real < LOW_BELOW
    slope = float(np.polyfit(real, synthetic, 1)[0]) if np.ptp(real) > 0 else np.nan
    return (
        float(np.mean([one.ssim_pct for one in chosen])),
        float(np.abs(synthetic - real).mean()),
        slope,
        float(np.exp(np.mean(np.log([one.fine_power for one in chosen])))),
        float((synthetic - real)[low].mean()) if low.any() else np.nan,
    )


def cell(values: tuple[float, float, float], digits: int = 2) -> str:
    """A mean with its interval, as a table shows it."""
    return f"{values[0]:.{digits}f} ({values[1]:.{digits}f} to {values[2]:.{digits}f})"
