"""Train as a Kubeflow task: one model, once; with keep_going, a failure is a result.

A model whose result is complete is not trained again: its folder is named after everything that determines
it. Kubeflow's own cache stays off, because it would remember a failure as well.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cbvsynth import __version__
from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import Switch
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import DataError, ResultError
from cbvsynth.kubeflow.tasks.artifacts import (
    NumbersArtifact,
    ShownArtifact,
    name_artifact,
    show_numbers,
)
from cbvsynth.kubeflow.tasks.settings import config_from, plain_settings, short_digest, word_from
from cbvsynth.kubeflow.tasks.workspace import read_handover
from cbvsynth.records.storage import sha256_tree
from cbvsynth.records.summaries import TrainSummary, read_summary

DONE, FAILED = "done", "failed"
SHOWN = ("ssim_3d_whole", "ssim_3d_brain", "mae_brain", "lesion_bias")
"""Mean scores that the page of a run shows for every model."""


def run_task(
    given: Mapping[str, Any], examinations_path: str, scores: NumbersArtifact, saved_model: ShownArtifact
) -> dict[str, str]:
    """Train, export and score one model; return what evaluate needs to know of it.

    Raises:
        DataError: as the step, unless `keep_going` is on.
        UsageError: a setting is wrong; nothing could be trained with it, so the run stops.
    """
    from cbvsynth.training.fingerprint import TRAINING_VERSION

    keep_going = word_from(Switch, "keep_going", given["keep_going"])
    workspace = Path(given["workspace"])
    folder, data_fingerprint = read_handover(examinations_path, "folder", "data_fingerprint")
    # First without its own folders, whose names come from everything else.
    config = config_from(TrainConfig, given, examinations=workspace / folder)
    sweep = short_digest(
        {
            "data": data_fingerprint,
            "settings": plain_settings(config, without=frozenset({"model"})),
            "versions": [TRAINING_VERSION, __version__],
        }
    )
    config = config_from(
        TrainConfig,
        given,
        examinations=workspace / folder,
        out=workspace / "train" / sweep,
        checkpoints=workspace / "checkpoints" / sweep,
    )
    model = ModelId.parse(config.model).slug
    name_artifact(scores, f"Scores of {model}", model=model)
    name_artifact(saved_model, model, model=model)
    result = {"model": model, "folder": folder, "sweep": sweep, "status": DONE, "digest": "", "message": ""}
    try:
        summary = _finished(config.out / model) or _train(config)
    except DataError as error:
        if keep_going is Switch.OFF:
            raise
        print(f"{model} failed; keep_going is on, so the run goes on without it: {error}")
        show_numbers(scores, {})
        return {**result, "status": FAILED, "message": str(error)}
    shutil.copytree(config.out / model / "saved_model", saved_model.path, dirs_exist_ok=True)
    show_numbers(scores, {name: summary.means[name] for name in SHOWN})
    return {**result, "digest": summary.saved_model_digest}


def _train(config: TrainConfig) -> TrainSummary:
    from cbvsynth.steps.train import run

    return run(config)


def _finished(folder: Path) -> TrainSummary | None:
    """The summary of a result that is there and untouched; None if the model must be trained."""
    try:
        summary = read_summary(folder / "summary.json")
    except ResultError:
        return None
    if sha256_tree(folder / "saved_model") != dict(summary.saved_model_sha256):
        return None
    print(f"{summary.model} is trained already, by an earlier run with the same data, settings and version")
    return summary
