"""How far a learned spread must be stretched to hold in new patients, and how it does in known ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.sequences import Combination
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.domain.statistics.conformal import conformal_factor, factors_without_each
from cbvsynth.domain.uncertainty import LEVEL, SDS_IN_HALF_WIDTH, ExamUncertainty
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, Float32Array
from cbvsynth.training.dataset import raw_inputs
from cbvsynth.training.normalise import normalise_arrays


@dataclass(frozen=True, eq=False)
class Calibration:
    """What held-out patients say of a learned spread."""

    sd_factor: float
    """`cbv_sd` over the error that the head expects."""
    lesion_sds: float
    """Half of the interval of a lesion's mean over the mean of `cbv_sd` in it; 0 without held-out lesions."""
    rows: tuple[ExamUncertainty, ...]
    """Each examination by what the other patients say."""


@dataclass(frozen=True, eq=False)
class SpreadNetworks:
    """A generator and its head, for the sequences that the generator reads."""

    generator: keras.Model
    head: keras.Model
    combination: Combination
    cbv_max: float


@dataclass
class _Compared:
    """One examination: expected errors and real ones of the brain's voxels, in the target unit."""

    examination: CachedExamination
    errors: Float32Array
    expected: Float32Array
    lesion_real: float
    lesion_synthetic: float
    lesion_expected: float
    voxel_reach: float = field(init=False)
    lesion_reach: float = field(init=False)

    def __post_init__(self) -> None:
        self.voxel_reach = float(np.quantile(self.errors / self.expected, LEVEL))
        self.lesion_reach = abs(self.lesion_synthetic - self.lesion_real) / self.lesion_expected


def calibrate(
    networks: SpreadNetworks, index: ExaminationIndex, examinations: Sequence[CachedExamination]
) -> Calibration:
    """Compare maps and expected errors of held-out examinations with the real maps.

    A patient's reach is the largest of the examinations': of an examination's voxels, the factor that puts
    the wanted share of them inside their intervals; of its lesion, the one that puts its mean inside.

    Args:
        networks: trained.
        index: cached examinations.
        examinations: held-out ones that have the sequences.

    Raises:
        VolumeError: an examination is not what the model accepts.
        ResultError: an array is missing or damaged.
    """
    compared = [_compared(networks, index, one) for one in examinations]
    voxels = _reaches((one.examination.subject_id, one.voxel_reach) for one in compared)
    lesions = _reaches((one.examination.subject_id, one.lesion_reach) for one in compared)
    others, others_lesion = factors_without_each(voxels, LEVEL), factors_without_each(lesions, LEVEL)
    rows = []
    for one in compared:
        patient = one.examination.subject_id
        rows.append(_row(one, others.get(patient, math.nan), others_lesion.get(patient, math.nan)))
    sd_factor = conformal_factor(voxels, LEVEL) / SDS_IN_HALF_WIDTH
    lesion_sds = conformal_factor(lesions, LEVEL) / sd_factor if lesions else 0.0
    return Calibration(sd_factor, lesion_sds, tuple(rows))


def _compared(networks: SpreadNetworks, index: ExaminationIndex, one: CachedExamination) -> _Compared:
    raw = raw_inputs(index, one, networks.combination)
    features, foreground = normalise_arrays({MriSequence(name): volume for name, volume in raw.items()})
    seen = networks.generator.features(tf.constant(features))
    synthetic = np.maximum(networks.generator.map_of(seen).numpy() * networks.cbv_max, 0.0) * foreground
    expected = networks.head(seen).numpy() * networks.cbv_max
    real = np.asarray(index.array(one.exam_id, "cbv"), np.float32)
    mask = np.asarray(index.array(one.exam_id, "mask"), np.bool_) & (foreground > 0)
    lesion = np.zeros_like(mask)
    if index.has(one.exam_id, "seg"):
        lesion = lesion_region(np.asarray(index.array(one.exam_id, "seg")), mask)
    means = [float(part[lesion].mean()) if lesion.any() else math.nan for part in (real, synthetic, expected)]
    return _Compared(one, np.abs(synthetic - real)[mask], expected[mask], *means)


def _reaches(found: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """By patient the largest; examinations without one are left out."""
    reaches: dict[str, float] = {}
    for patient, reach in found:
        if math.isfinite(reach):
            reaches[patient] = max(reaches.get(patient, 0.0), reach)
    return reaches


def _row(one: _Compared, factor: float, lesion_factor: float) -> ExamUncertainty:
    covered = float((one.errors <= factor * one.expected).mean()) if math.isfinite(factor) else math.nan
    return ExamUncertainty(
        exam_id=one.examination.exam_id,
        subject_id=one.examination.subject_id,
        diagnosis=one.examination.diagnosis,
        brain_error=float(one.errors.mean()),
        brain_half_width=float(factor * one.expected.mean()),
        brain_coverage=covered,
        lesion_real=one.lesion_real,
        lesion_synthetic=one.lesion_synthetic,
        lesion_half_width=lesion_factor * one.lesion_expected,
    )
