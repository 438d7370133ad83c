"""What train says about a model: its description, its summary and its history."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence as Ordered
from dataclasses import fields
from enum import Enum
from pathlib import Path

import keras
import tensorflow as tf

from cbvsynth import __version__
from cbvsynth.config import TrainConfig
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.selection.leaderboard import HIGHER_IS_BETTER, column_values, mean_and_sd
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.uncertainty import LEVEL
from cbvsynth.records.csv_codec import write_rows
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.origins import Origin
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.records.summaries import TrainSummary
from cbvsynth.signature import Description, range_of
from cbvsynth.training.checkpoints import EpochRecord
from cbvsynth.training.fingerprint import export_settings_of, fingerprint_of
from cbvsynth.training.fit import FittedModel


def describe_model(
    model: ModelId,
    config: TrainConfig,
    index: ExaminationIndex,
    trained_on: Ordered[CachedExamination],
    fitted: FittedModel,
) -> Description:
    """The description that travels inside the exported model."""
    software = f"cbvsynth {__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}"
    decisive = {
        "settings": fingerprint_of(model, config, index.data_fingerprint),
        "epochs": config.epochs,
        "seed_used": fitted.seed_used,
        "software": software,
        **export_settings_of(model, config),
    }
    return Description(
        model=model,
        target_unit=index.target_unit,
        cbv_max=config.cbv_max,
        preprocessing_version=index.preprocessing_version,
        spacing_range_mm=range_of([examination.spacing_mm for examination in trained_on]),
        shape_range=range_of([examination.shape for examination in trained_on]),
        data_fingerprint=index.data_fingerprint,
        run_fingerprint=hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest(),
        software=software,
        interval_level=0.0 if fitted.spread is None else LEVEL,
    )


def summarise(  # noqa: PLR0913, PLR0917  # one argument per thing that the summary speaks of
    description: Description,
    origin: Origin,
    config: TrainConfig,
    fitted: FittedModel,
    train_examinations: int,
    scores: Ordered[ExamScore],
    saved_model: Path,
) -> TrainSummary:
    """The summary of a trained, exported and scored model."""
    digests = sha256_tree(saved_model)
    statistics = {column: mean_and_sd(column_values(scores, column)) for column in HIGHER_IS_BETTER}
    return TrainSummary(
        model=description.model.slug,
        algorithm=description.model.algorithm.value,
        sequences=tuple(sequence.value for sequence in description.sequences),
        target_unit=description.target_unit.value,
        data_range=description.cbv_max,
        ssim_conventions=SSIM_CONVENTIONS,
        preprocessing_version=description.preprocessing_version,
        data_fingerprint=description.data_fingerprint,
        settings=settings_of(config),
        seed_used=fitted.seed_used,
        restarts=fitted.restarts,
        epochs=config.epochs,
        steps=fitted.steps,
        parameters=fitted.parameters,
        train_examinations=train_examinations,
        held_out_examinations=len(scores),
        means={column: _finite(mean) for column, (mean, _) in statistics.items()},
        sds={column: _finite(sd) for column, (_, sd) in statistics.items()},
        versions={"cbvsynth": __version__, "tensorflow": tf.__version__, "keras": keras.__version__},
        saved_model_sha256=digests,
        saved_model_digest=tree_digest(digests),
        origin=origin,
    )


def settings_of(config: TrainConfig) -> dict[str, str | int | float]:
    """Every setting but the model and the folders, as in TrainConfig; words for choices."""
    values = {item.name: getattr(config, item.name) for item in fields(config) if item.name != "model"}
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in values.items()
        if not isinstance(value, Path)
    }


def write_history(path: Path, history: Ordered[EpochRecord]) -> None:
    """Write the mean losses of every epoch as CSV, atomically; without times, see `TrainSummary`."""
    names = sorted({name for record in history for name in record.losses})
    rows = ([record.epoch, *(record.losses[name] for name in names)] for record in history)
    write_rows(path, ["epoch", *names], rows)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
