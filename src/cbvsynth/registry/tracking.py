"""Joining an MLflow run that someone else has opened, such as Kubeflow Pipelines for its task."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cbvsynth.errors import RegistryError
from cbvsynth.records.summaries import TrainSummary
from cbvsynth.registry.candidates import COMPLETE, describing_tags
from cbvsynth.registry.store import EXPERIMENT, open_registry

_METRICS_PER_CALL = 1000
"""MLflow refuses more in one call."""


def log_training_run(folder: Path, summary: TrainSummary, losses: Sequence[Mapping[str, float]]) -> None:
    """Add settings, mean scores, the loss curves and the result tables to the run in MLFLOW_RUN_ID.

    The run stays open: whoever made it ends it. Promotion finds it by what it is tagged with, and makes
    no second one.

    Args:
        folder: the model's results, as train wrote them.
        summary: what goes in as params, metrics and tags.
        losses: one mapping of loss to value for each epoch, from the first.

    Raises:
        RegistryError: there is no such run, or the server does not answer.
    """
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

    run_id = os.environ["MLFLOW_RUN_ID"]
    registry = open_registry(EXPERIMENT)
    client = registry.client
    try:
        moment_ms = int(client.get_run(run_id).info.start_time)
        client.log_batch(
            run_id,
            params=[Param(name, str(value)) for name, value in summary.settings.items()],
            tags=[RunTag(name, value) for name, value in describing_tags(summary).items()],
        )
        scores = [
            Metric(name, value, moment_ms, 0) for name, value in summary.means.items() if value is not None
        ]
        curves = [
            Metric(name, value, moment_ms + epoch, epoch)
            for epoch, values in enumerate(losses, start=1)
            for name, value in values.items()
        ]
        metrics = [*scores, *curves]
        for start in range(0, len(metrics), _METRICS_PER_CALL):
            client.log_batch(run_id, metrics=metrics[start : start + _METRICS_PER_CALL])
        for name in ("per_exam.csv", "history.csv", "summary.json"):
            client.log_artifact(run_id, str(folder / name), "evaluation")
        # Last, for its presence says that the run is whole.
        client.set_tag(run_id, COMPLETE, "yes")
    except MlflowException as error:
        raise RegistryError(
            f"MLFLOW_RUN_ID names a run that cannot be written to at {registry.address} "
            f"({registry.readable(error)}). Unset MLFLOW_RUN_ID, or correct MLFLOW_TRACKING_URI."
        ) from error
