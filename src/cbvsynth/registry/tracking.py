"""A run of our own below an MLflow run that someone else has opened, such as Kubeflow Pipelines for its task.

Two writers in one run do not agree: Kubeflow's MLflow plugin logs a task's parameters under the same names,
but JSON-encoded, and MLflow refuses a parameter that changes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cbvsynth.errors import RegistryError
from cbvsynth.records.summaries import TrainSummary
from cbvsynth.registry.candidates import COMPLETE, describing_tags
from cbvsynth.registry.store import EXPERIMENT, open_registry

_PARENT = "mlflow.parentRunId"
"""MLflow's own tag for a run below another one."""
_METRICS_PER_CALL = 1000
"""MLflow refuses more in one call."""


def log_training_run(folder: Path, summary: TrainSummary, losses: Sequence[Mapping[str, float]]) -> str:
    """Log settings, mean scores, loss curves and result tables to a run below the one in MLFLOW_RUN_ID.

    The run above is only read. Promotion finds ours by what it is tagged with, and makes no second one.

    Args:
        folder: the model's results, as train wrote them.
        summary: what goes in as params, metrics and tags.
        losses: one mapping of loss to value for each epoch, from the first.

    Returns:
        Id of our run.

    Raises:
        RegistryError: there is no such run, or the server does not answer.
    """
    from mlflow.entities import Metric, Param
    from mlflow.exceptions import MlflowException

    above = os.environ["MLFLOW_RUN_ID"]
    registry = open_registry(EXPERIMENT)
    client = registry.client
    try:
        run = client.create_run(
            str(client.get_run(above).info.experiment_id),
            run_name=summary.model,
            tags={**describing_tags(summary), _PARENT: above},
        )
        run_id, moment_ms = str(run.info.run_id), int(run.info.start_time)
        client.log_batch(run_id, params=[Param(name, str(value)) for name, value in summary.settings.items()])
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
        client.set_terminated(run_id)
    except MlflowException as error:
        raise RegistryError(
            f"MLFLOW_RUN_ID names a run that cannot be written to at {registry.address} "
            f"({registry.readable(error)}). Unset MLFLOW_RUN_ID, or correct MLFLOW_TRACKING_URI."
        ) from error
    return run_id
