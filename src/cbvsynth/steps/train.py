"""The train step: train one model, export it, score what was exported."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cbvsynth.config import TrainConfig
from cbvsynth.domain.sequences import Algorithm, ModelId
from cbvsynth.records.costs import TrainingCost, write_cost
from cbvsynth.records.examinations import ExaminationIndex, read_index
from cbvsynth.records.examples import EXAMPLES_FILE, EXAMPLES_SD_FILE, write_examples
from cbvsynth.records.regions import REGIONS_FILE, write_regions
from cbvsynth.records.results import write_scores
from cbvsynth.records.storage import atomic_folder
from cbvsynth.records.summaries import TrainSummary, write_summary
from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, write_uncertainty
from cbvsynth.training.failure import failure_noted
from cbvsynth.training.sharing import alone
from cbvsynth.training.startup import describe_device, quiet_tensorflow


def run(config: TrainConfig) -> TrainSummary:
    """Write <out>/<model>/{saved_model/, per_exam.csv, regions.csv, history.csv, examples.npz, summary.json}.

    The folder appears as a whole or not at all. A run that was interrupted goes on from its last
    checkpoint; one that failed leaves its reason in the ledger. Where MLFLOW_RUN_ID names a run, the
    results are added to it.

    Raises:
        UsageError: the model does not exist or a setting is out of range.
        ResultError: the cached examinations are missing or damaged.
        TrainingError: no examination has the sequences, no seed gave a usable model, or the machine refused
            memory, a device or a file.
        StorageError: the disk is full, read-only or not ours to write to.
        VolumeError: an examination cannot be learned from or scored.
        ModelError: the exported model does not answer, or not as the trained one.
        RegistryError: MLFLOW_RUN_ID names a run that cannot be written to; the results stay.
    """
    model = ModelId.parse(config.model)
    checkpoints = config.checkpoints / model.training
    with failure_noted(checkpoints, model.slug, config.epochs):
        index = read_index(config.examinations)
        with quiet_tensorflow():
            import keras  # noqa: F401  # belongs to the start
            import tensorflow as tf

            tf.config.list_logical_devices()
        with atomic_folder(config.out / model.slug) as folder:
            outcome = _train(model, config, index, checkpoints, folder)
        write_cost(config.checkpoints / model.slug, outcome.cost)
        if os.environ.get("MLFLOW_RUN_ID"):
            from cbvsynth.registry.tracking import log_training_run

            log_training_run(config.out / model.slug, outcome.summary, outcome.losses)
    _tell(outcome.summary, outcome.cost)
    return outcome.summary


class _Outcome(NamedTuple):
    summary: TrainSummary
    cost: TrainingCost
    losses: tuple[Mapping[str, float], ...]
    """Mean of every loss, for each epoch from the first."""


def _train(
    model: ModelId, config: TrainConfig, index: ExaminationIndex, checkpoints: Path, folder: Path
) -> _Outcome:
    from cbvsynth.records.golden import require_golden
    from cbvsynth.training.calibration import SpreadNetworks, calibrate
    from cbvsynth.training.dataset import CachedTrainingData, Emphasis, Incomplete, usable_examinations
    from cbvsynth.training.fit import fit
    from cbvsynth.training.networks import served_generator
    from cbvsynth.training.saved_model import ServedSpread, export_model, load_exported
    from cbvsynth.training.scoring import example_ids, score_model
    from cbvsynth.training.summary import describe_model, summarise, write_history

    data = CachedTrainingData(
        index,
        model.trained_on,
        config.cbv_max,
        emphasis=Emphasis(config.lesion_weight, config.stratify, config.region_weight),
        incomplete=Incomplete.FILLED if model.algorithm is Algorithm.ANY else Incomplete.LEFT_OUT,
    )
    held_out = usable_examinations(index, "held-out", model.combination)
    with alone(checkpoints) if model.sharers > 1 else nullcontext():
        fitted = fit(model, config, data, checkpoints, index.data_fingerprint)
    generator = served_generator(model, fitted.generator)
    fitted = replace(fitted, generator=generator, parameters=generator.count_params())

    started = time.perf_counter()
    saved_model = folder / "saved_model"
    description = describe_model(model, config, index, data.examinations, fitted)
    spread = None
    if fitted.spread is not None:
        pair = SpreadNetworks(generator, fitted.spread, model.combination, config.cbv_max)
        calibration = calibrate(pair, index, held_out)
        spread = ServedSpread(fitted.spread, calibration.sd_factor)
        description = replace(description, lesion_sds=calibration.lesion_sds)
        write_uncertainty(folder / UNCERTAINTY_FILE, calibration.rows)
    export_model(generator, description, saved_model, spread)
    exported = load_exported(saved_model)
    require_golden(saved_model, exported)

    exported_at = time.perf_counter()
    shown = frozenset(example_ids(held_out, config.example_count))
    scored = score_model(exported, index, held_out, shown)
    cost = TrainingCost(
        train_s=round(fitted.seconds / model.sharers, 3),
        export_s=round(exported_at - started, 3),
        score_s=round(time.perf_counter() - exported_at, 3),
        device=describe_device(),
    )

    summary = summarise(description, index.origin, config, fitted, len(data), scored.scores, saved_model)
    write_scores(folder / "per_exam.csv", scored.scores)
    write_regions(folder / REGIONS_FILE, scored.regions)
    write_history(folder / "history.csv", fitted.history)
    write_examples(folder / EXAMPLES_FILE, scored.maps)
    if scored.sds:
        write_examples(folder / EXAMPLES_SD_FILE, scored.sds)
    write_summary(folder / "summary.json", summary)
    return _Outcome(summary, cost, tuple(record.losses for record in fitted.history))


def _tell(summary: TrainSummary, cost: TrainingCost) -> None:
    def shown(column: str, scale: float = 1.0, style: str = ".3f") -> str:
        mean = summary.means[column]
        return "n/a" if mean is None else f"{scale * mean:{style}}"

    print(
        f"{summary.model}: SSIM {shown('ssim_3d_whole', 100, '.2f')} % whole volume, "
        f"{shown('ssim_3d_brain', 100, '.2f')} % brain; MAE in brain {shown('mae_brain')} "
        f"{summary.target_unit}; lesion bias {shown('lesion_bias', 1, '+.3f')} {summary.target_unit}; "
        f"{summary.held_out_examinations} held-out examinations; "
        f"{cost.train_s:.0f} s training, {cost.export_s + cost.score_s:.0f} s export and scores"
    )
