"""What in an examination's images may differ from site to site: intensity, field of view, delay of T1C."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.drift import Measured
from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.progress import progress_bar
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex

VESSELS = "T1C over T1, brightest 1 % over median"
"""Falls the longer T1C waits: the contrast agent leaves the blood."""
LESION = "T1C over T1, lesion over median"
"""Rises the longer T1C waits: the contrast agent leaks into the lesion."""
_AXES = ("left to right", "back to front", "foot to head")
_LOW, _HIGH, _VESSELS = 5, 95, 99

_OUTPUTS = (
    ("SSIM (3-D, whole volume)", "ssim_3d_whole"),
    ("mean absolute error in the brain", "mae_brain"),
    ("median CBV of the brain, real", "brain_cbv_real"),
    ("median CBV of the brain, synthetic", "brain_cbv_synthetic"),
    ("lesion CBV, real", "lesion_cbv_real"),
    ("lesion CBV, synthetic", "lesion_cbv_synthetic"),
    ("correlation over the voxels of a lesion", "ncc_lesion"),
)


def measured_inputs(
    index: ExaminationIndex, examinations: Sequence[CachedExamination], sequences: Sequence[MriSequence]
) -> Measured:
    """Measure the images of examinations that a model with these sequences reads.

    Raises:
        ResultError: an array is missing or damaged.
    """
    found = [
        _features(index, examination, sequences)
        for examination in progress_bar(examinations, desc="inputs", unit="exam")
    ]
    names = dict.fromkeys(name for one in found for name in one)
    return Measured(
        tuple(examination.subject_id for examination in examinations),
        {name: tuple(one.get(name, math.nan) for one in found) for name in names},
    )


def measured_outputs(scores: Sequence[ExamScore]) -> Measured:
    """The same of what came out: scores, and CBV of real and synthetic maps in the target's unit."""
    return Measured(
        tuple(score.subject_id for score in scores),
        {name: tuple(float(getattr(score, column)) for score in scores) for name, column in _OUTPUTS},
    )


def _features(
    index: ExaminationIndex, examination: CachedExamination, sequences: Sequence[MriSequence]
) -> Mapping[str, float]:
    name = examination.exam_id
    mask = np.asarray(index.array(name, "mask"), np.bool_)
    images = {
        sequence: np.asarray(index.array(name, sequence.value), np.float32)
        for sequence in examination.sequences
        if sequence in sequences or sequence is MriSequence.T1
    }
    found: dict[str, float] = {}
    for sequence, image in images.items():
        if sequence in sequences:
            found |= _intensity(sequence, image[mask])
    if MriSequence.T1 in images and MriSequence.T1C in images:
        seg = np.asarray(index.array(name, "seg"), np.uint8) if index.has(name, "seg") else None
        found |= _enhancement(images[MriSequence.T1], images[MriSequence.T1C], mask, seg)
    shape, spacing = examination.shape, examination.spacing_mm
    # What a header rounds is no difference.
    found |= {
        f"field of view {axis}, mm": round(n * mm, 2)
        for axis, n, mm in zip(_AXES, shape, spacing, strict=True)
    }
    found |= {f"voxel {axis}, mm": round(mm, 3) for axis, mm in zip(_AXES, spacing, strict=True)}
    found["brain in the field of view, mL"] = float(mask.sum()) * examination.voxel_ml
    return found


def _intensity(sequence: MriSequence, brain: npt.NDArray[np.float32]) -> dict[str, float]:
    """ADC and CBF keep their units; the others are scaled by their mean; what is left is contrast."""
    if not brain.size:
        return {}
    if sequence is MriSequence.ADC:
        return {"ADC, median, 1e-6 mm2/s": float(np.median(brain))}
    if sequence is MriSequence.ASL:
        return {"ASL, median CBF, mL/100 g/min": float(np.median(brain))}
    mean = float(brain.mean(dtype=np.float64))
    low, high = (float(value) for value in np.percentile(brain, (_LOW, _HIGH)))
    return {
        f"{sequence.label}, mean intensity (scaled away)": mean,
        f"{sequence.label}, contrast": (high - low) / mean if mean > 0 else math.nan,
    }


def _enhancement(
    before: npt.NDArray[np.float32],
    after: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    seg: npt.NDArray[np.uint8] | None,
) -> dict[str, float]:
    """How vessels and lesion stand out of the brain in T1C over T1; receivers' gains cancel."""
    usable = mask & (before > 0)
    if not usable.any():
        return {}
    ratio = np.zeros(before.shape, dtype=np.float64)
    ratio[usable] = after[usable].astype(np.float64) / before[usable]
    median = float(np.median(ratio[usable]))
    if median <= 0:
        return {}
    healthy = usable if seg is None else usable & (seg == 0)
    found = {VESSELS: float(np.percentile(ratio[healthy], _VESSELS)) / median} if healthy.any() else {}
    lesion = np.zeros_like(mask) if seg is None else lesion_region(seg, mask) & usable
    return found | ({LESION: float(ratio[lesion].mean()) / median} if lesion.any() else {})
