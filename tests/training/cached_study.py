"""A tiny cached study, as preprocess would have written it, made in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from pathlib import Path

import numpy as np

from cbvsynth.domain.options import Spread
from cbvsynth.domain.sequences import PAPER_SEQUENCES, Sequence, TargetUnit
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, read_index, write_index
from cbvsynth.records.origins import BY_PHANTOM, Origin

ORIGIN = Origin(BY_PHANTOM, 9, "d" * 64)
SHAPE = (20, 18, 8)
SPACING_MM = (2.0, 2.0, 4.0)
DIAGNOSES = ("high-grade glioma", "lymphoma", "metastasis")
LESION_GAIN = dict(zip(DIAGNOSES, (2.0, 0.3, 0.7), strict=True))
"""By how much a lesion's blood is above the brain's mean of 1: high perfusion and low."""


def write_study(
    root: Path,
    train: int = 3,
    held_out: int = 3,
    *,
    without_adc: Ordered[str] = (),
    without_seg: Ordered[str] = (),
    target_unit: TargetUnit = TargetUnit.ML_PER_100G,
) -> ExaminationIndex:
    """Write examinations e00, e01, ...: the first `train` of them to learn from, the rest held out."""
    names = [f"e{number:02d}" for number in range(train + held_out)]
    examinations = []
    for number, name in enumerate(names):
        sequences = tuple(
            item for item in PAPER_SEQUENCES if not (item is Sequence.ADC and name in without_adc)
        )
        gain = LESION_GAIN[DIAGNOSES[number % len(DIAGNOSES)]]
        _write_arrays(root / name, sequences, seed=number, has_seg=name not in without_seg, gain=gain)
        examinations.append(
            CachedExamination(
                exam_id=name,
                subject_id=f"p{number:02d}",
                session_id="1",
                split="train" if number < train else "held-out",
                diagnosis=DIAGNOSES[number % len(DIAGNOSES)],
                grade="",
                sequences=sequences,
                target_unit=target_unit,
                shape=SHAPE,
                spacing_mm=SPACING_MM,
                affine=tuple(tuple(row) for row in np.diag([*SPACING_MM, 1.0]).tolist()),
                fingerprint=f"{number:064d}",
            )
        )
    write_index(
        ExaminationIndex(
            root, PREPROCESSING_VERSION, target_unit, "patient", "f" * 64, tuple(examinations), ORIGIN
        )
    )
    return read_index(root)


def _write_arrays(
    folder: Path, sequences: Ordered[Sequence], seed: int, *, has_seg: bool, gain: float
) -> None:
    """Brain is an ellipsoid; CBV is high where T1C is bright; the lesion is a cube as bright as its gain."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    axes = np.meshgrid(*(np.linspace(-1, 1, size) for size in SHAPE), indexing="ij")
    mask = sum(axis**2 for axis in axes) < 1.3
    seg = np.zeros(SHAPE, np.uint8)
    seg[8:12, 6:10, 3:6] = 3
    blood = rng.uniform(0.5, 1.5, SHAPE) + gain * (seg > 0)
    for sequence in sequences:
        level = 900.0 if sequence is Sequence.ADC else 200.0
        texture = rng.uniform(0.7, 1.3, SHAPE) * (blood if sequence is Sequence.T1C else 1.0)
        np.save(folder / f"{sequence}.npy", np.where(mask, level * texture, 0).astype(np.float32))
    np.save(folder / "cbv.npy", np.where(mask, 3.0 * blood, 0).astype(np.float32))
    np.save(folder / "mask.npy", mask)
    if has_seg:
        np.save(folder / "seg.npy", seg)


def train_small_model(root: Path, model: str, epochs: int, spread: Spread = Spread.OFF) -> None:
    """Train a tiny model on `root`/preprocess as the step does; results lie in `root`/train."""
    from cbvsynth.config import TrainConfig
    from cbvsynth.steps.train import run

    run(
        TrainConfig(
            model=model,
            examinations=root / "preprocess",
            out=root / "train",
            checkpoints=root / "checkpoints",
            epochs=epochs,
            base_channels=4,
            residual_blocks=1,
            spread=spread,
        )
    )
