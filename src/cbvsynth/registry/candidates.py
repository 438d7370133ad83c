"""A trained model on disk, checked against its own record, on its way into the registry."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cbvsynth import signature
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ModelError, RegistryError
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.records.summaries import TrainSummary
from cbvsynth.registry.allowed_files import EXPECTED, stray_file
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import MODEL_ARTIFACT, SAVED_MODEL

if TYPE_CHECKING:
    from mlflow.models import Model

COMPLETE = "cbvsynth.complete"
"""Tag of a run that holds everything a trained model has to say."""


@dataclass(frozen=True)
class Candidate:
    """A folder that train wrote, and what its summary says."""

    folder: Path
    summary: TrainSummary
    card: str
    """The model card, Markdown; stored beside the model when it is registered."""

    @property
    def model(self) -> ModelId:
        """Which of the 62 it is."""
        return ModelId.parse(self.summary.model)

    def require_untouched(self) -> None:
        """Check that the SavedModel is byte for byte the one that was scored.

        Raises:
            ModelError: a file is missing, added or changed, or no SavedModel of ours holds such a file.
        """
        stray = stray_file(self.folder / "saved_model")
        if stray is not None:
            raise ModelError(
                f"{self.summary.model}: the exported model holds '{stray}'; expected {EXPECTED}. Nothing was "
                "promoted; train the model again."
            )
        found = sha256_tree(self.folder / "saved_model")
        expected = self.summary.saved_model_sha256
        changed = sorted(
            path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path)
        )
        if changed or tree_digest(found) != self.summary.saved_model_digest:
            raise ModelError(
                f"{self.summary.model}: {', '.join(changed) or 'the list of files'} of the exported model "
                "differs from what was scored; nothing was promoted. Train the model again."
            )


def find_or_log_run(registry: Registry, candidate: Candidate) -> str:
    """The MLflow run of a trained model, made now if there is none for these very bytes and data.

    It holds the settings as params, the mean scores as metrics, and the result tables. One that a training
    joined, such as Kubeflow Pipelines' for its task, serves as well.
    """
    from mlflow.entities import Metric, Param

    summary = candidate.summary
    found = registry.client.search_runs(
        _experiments(registry),
        filter_string=(
            f"tags.saved_model_digest = '{summary.saved_model_digest}' "
            f"and tags.data_fingerprint = '{summary.data_fingerprint}' and tags.`{COMPLETE}` = 'yes'"
        ),
        max_results=1,
    )
    if found:
        return str(found[0].info.run_id)
    run = registry.client.create_run(
        registry.experiment_id, run_name=summary.model, tags=dict(describing_tags(summary))
    )
    run_id = str(run.info.run_id)
    moment_ms = int(run.info.start_time)
    registry.client.log_batch(
        run_id,
        metrics=[
            Metric(name, value, moment_ms, 0) for name, value in summary.means.items() if value is not None
        ],
        params=[Param(name, str(value)) for name, value in summary.settings.items()],
    )
    for name in ("per_exam.csv", "summary.json", "history.csv"):
        registry.client.log_artifact(run_id, str(candidate.folder / name), "evaluation")
    registry.client.set_tag(run_id, COMPLETE, "yes")
    registry.client.set_terminated(run_id)
    return run_id


def _experiments(registry: Registry) -> list[str]:
    """Where runs of trainings may be: in our experiment, and in that of the run that we are part of."""
    from mlflow.exceptions import MlflowException

    experiments = [registry.experiment_id]
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if run_id:
        try:
            experiments.append(str(registry.client.get_run(run_id).info.experiment_id))
        except MlflowException as error:
            raise RegistryError(
                f"MLFLOW_RUN_ID names a run that cannot be read at {registry.address} "
                f"({registry.readable(error)}). Unset MLFLOW_RUN_ID, or correct MLFLOW_TRACKING_URI."
            ) from error
    return list(dict.fromkeys(experiments))


def describing_tags(summary: TrainSummary) -> Mapping[str, str]:
    """What a version or run is, in tags that can be searched."""
    model = ModelId.parse(summary.model)
    return {
        "model": summary.model,
        "algorithm": model.algorithm.value,
        "sequences": model.combination.slug,
        "saved_model_digest": summary.saved_model_digest,
        "data_fingerprint": summary.data_fingerprint,
        "data_origin": summary.origin.words,
        "preprocessing_version": summary.preprocessing_version,
        "target_unit": summary.target_unit,
        "data_range": f"{summary.data_range:g}",
    }


def log_model(registry: Registry, candidate: Candidate, run_id: str) -> str:
    """Store the SavedModel with its run, as MLflow's TensorFlow flavour lays it out; return its source.

    Nothing is pickled, no requirements are guessed, TensorFlow is not imported.
    """
    source = f"runs:/{run_id}/{MODEL_ARTIFACT}"
    stored = {entry.path for entry in registry.client.list_artifacts(run_id, MODEL_ARTIFACT)}
    if f"{MODEL_ARTIFACT}/MLmodel" in stored:
        return source
    with TemporaryDirectory() as folder:
        staged = Path(folder) / MODEL_ARTIFACT
        shutil.copytree(candidate.folder / "saved_model", staged / SAVED_MODEL)
        registry.client.log_artifacts(run_id, str(staged), MODEL_ARTIFACT)
        # Last, for its presence says that the model is whole.
        _mlmodel(candidate, run_id).save(str(Path(folder) / "MLmodel"))
        registry.client.log_artifact(run_id, str(Path(folder) / "MLmodel"), MODEL_ARTIFACT)
    return source


def _mlmodel(candidate: Candidate, run_id: str) -> Model:
    import numpy as np
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    volume = (-1, -1, -1, -1)
    dtype = np.dtype(signature.DTYPE)
    model = Model(
        artifact_path=MODEL_ARTIFACT,
        run_id=run_id,
        signature=ModelSignature(
            inputs=Schema(
                [
                    TensorSpec(dtype, volume, name)
                    for name in signature.input_names(candidate.model.combination)
                ]
            ),
            outputs=Schema([TensorSpec(dtype, volume, signature.OUTPUT)]),
        ),
    )
    model.add_flavor("tensorflow", saved_model_dir=SAVED_MODEL, model_type="tf2-module", code=None)
    return model
