"""A training joins the MLflow run that is named in the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import RegistryError
from cbvsynth.records.summaries import read_summary
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.tracking import log_training_run
from cbvsynth.registry.versions import list_versions
from cbvsynth.steps.promote import run as promote
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.slow
FOLDER = Path("artifacts/train/encdec-t1c")


@pytest.mark.usefixtures("empty_registry")
def test_settings_scores_curves_and_tables_go_to_a_run_below_the_one_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train("encdec-t1c", 0.9)
    registry = open_registry("cbvsynth")
    above = registry.client.create_run(registry.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", above)
    losses = [{"mae": 1.0 / epoch} for epoch in range(1, 1203)]
    run_id = log_training_run(FOLDER, read_summary(FOLDER / "summary.json"), losses)
    run = registry.client.get_run(run_id)
    assert run.data.tags["mlflow.parentRunId"] == above
    assert (run.info.status, run.info.run_name) == ("FINISHED", "encdec-t1c")
    assert run.data.metrics["ssim_3d_whole"] == 0.9
    assert run.data.params["learning_rate"] == "0.001"
    curve = registry.client.get_metric_history(run_id, "mae")
    assert sorted((point.step, point.value) for point in curve) == [
        (epoch, values["mae"]) for epoch, values in enumerate(losses, start=1)
    ]
    stored = {entry.path for entry in registry.client.list_artifacts(run_id, "evaluation")}
    assert stored == {"evaluation/per_exam.csv", "evaluation/history.csv", "evaluation/summary.json"}


@pytest.mark.usefixtures("empty_registry")
def test_whoever_opened_the_run_can_still_log_its_parameters_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kubeflow's plugin writes "deconvolution" with quotes where train had written it without, into one run:
    "Changing param values is not allowed", and all of Kubeflow's parameters and metrics were lost."""
    from mlflow.entities import Param

    train("encdec-t1c", 0.9)
    registry = open_registry("cbvsynth")
    above = registry.client.create_run(registry.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", above)
    summary = read_summary(FOLDER / "summary.json")
    log_training_run(FOLDER, summary, [])
    encoded = [Param(name, json.dumps(value)) for name, value in summary.settings.items()]
    registry.client.log_batch(above, params=encoded)
    kept = registry.client.get_run(above)
    assert kept.data.params["decoder"] == '"deconvolution"'
    assert kept.info.status == "RUNNING", "whoever opened it ends it"


@pytest.mark.usefixtures("empty_registry")
def test_a_run_that_does_not_exist_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    train("encdec-t1c", 0.9)
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(RegistryError, match="Unset MLFLOW_RUN_ID"):
        log_training_run(FOLDER, read_summary(FOLDER / "summary.json"), [])


@pytest.mark.usefixtures("empty_registry")
def test_promotion_uses_the_run_that_the_training_joined_and_makes_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Kubeflow Pipelines does: one experiment of its own, a run for each task."""
    for model, ssim in (("encdec-t1c", 0.9), ("encdec-t1", 0.8)):
        train(model, ssim)
    registry = open_registry("cbvsynth")
    experiment = registry.client.create_experiment(
        "kubeflow", artifact_location=Path("mlartifacts").resolve().as_uri()
    )
    of_training = registry.client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", of_training)
    of_model = log_training_run(FOLDER, read_summary(FOLDER / "summary.json"), [{"mae": 1.0}])
    of_promotion = registry.client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", of_promotion)
    decide("encdec-t1c")
    promote(PromoteConfig())
    (version,) = list_versions(registry)
    assert version.run_id == of_model
    own = registry.client.search_runs([registry.experiment_id])
    assert [run.data.tags["model"] for run in own] == ["encdec-t1"], "trained outside of Kubeflow"


@pytest.mark.usefixtures("empty_registry")
def test_promotion_in_a_run_that_does_not_exist_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    train("encdec-t1c", 0.9)
    decide("encdec-t1c")
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(RegistryError, match="Unset MLFLOW_RUN_ID"):
        promote(PromoteConfig())
