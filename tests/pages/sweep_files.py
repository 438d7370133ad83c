"""A small sweep on disk: what preprocess and train leave behind, without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cbvsynth.domain.metrics import score_examination
from cbvsynth.domain.region_errors import region_errors
from cbvsynth.domain.scores import SSIM_CONVENTIONS
from cbvsynth.domain.selection.records import PresentChampion
from cbvsynth.domain.sequences import ModelId
from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.regions import REGIONS_FILE, write_regions
from cbvsynth.records.results import read_scores, write_scores
from cbvsynth.records.storage import atomic_file
from cbvsynth.records.summaries import TrainSummary, write_summary
from tests.training.cached_study import write_study

MODELS = {"encdec-t1": 0.9, "fcgan-t1": 1.1, "encdec-t1c": 0.3, "fcgan-t1c": 0.4, "encdec-t1-t1c-adc": 0.1}
"""How wrong each model is: mL/100 g of noise, one standard deviation."""


def write_sweep(root: Path, models: Mapping[str, float] = MODELS, examples: int = 2, **study: object) -> Path:
    """Write <root>/preprocess and <root>/train; 4 examinations to learn from, 12 held out."""
    index = write_study(root / "preprocess", train=4, held_out=12, **study)
    for model, noise in models.items():
        write_model(root / "train", index, model, noise, examples=examples)
    return root


def write_model(
    results: Path,
    index: ExaminationIndex,
    model: str,
    noise: float,
    *,
    scale: float = 1.0,
    examples: int = 2,
    **changes: object,
) -> None:
    """Write what train writes: scores of the real map, scaled, with noise of the given size."""
    identity = ModelId.parse(model)
    held_out = index.of_split("held-out", identity.combination.sequences)
    rng = np.random.default_rng(sum(map(ord, model)))
    scores, regions, maps = [], [], {}
    for entry in held_out:
        real = np.asarray(index.array(entry.exam_id, "cbv"), np.float32)
        mask = np.asarray(index.array(entry.exam_id, "mask"), bool)
        seg = np.asarray(index.array(entry.exam_id, "seg")) if index.has(entry.exam_id, "seg") else None
        wrong = (scale * real + rng.normal(0, noise, real.shape)) * mask
        synthetic = np.clip(wrong, 0, None).astype(np.float32)
        scores.append(
            score_examination(
                real,
                synthetic,
                mask,
                seg,
                voxel_ml=entry.voxel_ml,
                data_range=25.0,
                model=model,
                exam_id=entry.exam_id,
                subject_id=entry.subject_id,
                diagnosis=entry.diagnosis,
                target_unit=entry.target_unit,
            )
        )
        regions += region_errors(
            real,
            synthetic,
            mask,
            seg,
            {
                sequence: np.asarray(index.array(entry.exam_id, sequence.value))
                for sequence in entry.sequences
            },
            entry.spacing_mm,
            exam_id=entry.exam_id,
            subject_id=entry.subject_id,
        )
        if len(maps) < examples:
            maps[entry.exam_id] = synthetic
    folder = results / model
    write_scores(folder / "per_exam.csv", scores)
    write_regions(folder / REGIONS_FILE, regions)
    with atomic_file(folder / "examples.npz") as temporary, temporary.open("wb") as target:
        np.savez_compressed(target, **maps)
    summary = {
        "model": model,
        "algorithm": identity.algorithm.value,
        "sequences": tuple(identity.combination.sequences),
        "target_unit": index.target_unit.value,
        "data_range": 25.0,
        "ssim_conventions": SSIM_CONVENTIONS,
        "preprocessing_version": index.preprocessing_version,
        "data_fingerprint": index.data_fingerprint,
        "settings": {"epochs": 1},
        "seed_used": 1,
        "restarts": 0,
        "epochs": 1,
        "steps": 4,
        "parameters": 1000,
        "train_examinations": 4,
        "held_out_examinations": len(held_out),
        "means": {},
        "sds": {},
        "versions": {},
        "saved_model_sha256": {},
        "saved_model_digest": f"digest of {model}",
    }
    write_summary(folder / "summary.json", TrainSummary(**{**summary, **changes}))


def champion_of(results: Path, model: str, digest: str = "of an earlier sweep") -> PresentChampion:
    """A trained model as if it were registered."""
    return PresentChampion(7, model, digest, "f" * 64, read_scores(results / model / "per_exam.csv"))
