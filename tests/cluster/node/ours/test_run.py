"""The pipeline's tasks as real pods: from a claim that belongs to root to the registry's champion."""

from __future__ import annotations

import pytest

from tests.cluster.kubectl import Kubectl
from tests.cluster.node.machine import Machine
from tests.cluster.node.ours.conftest import MODEL
from tests.cluster.node.ours.pods import champion_of, sql
from tests.cluster.node.ours.run import Run

pytestmark = [pytest.mark.images, pytest.mark.slow]
TASKS = ("plan", "validate", "preprocess", "train", "evaluate", "promote")


def test_every_task_ends_well_in_the_package_s_order(run: Run) -> None:
    """Account, claims, users, environment and resources are the package's own."""
    jobs = [one["metadata"]["labels"]["job-name"] for one in run.pods[: len(TASKS)]]
    assert jobs == [f"first-{turn}-{task}" for turn, task in enumerate(TASKS)]
    for one in run.pods:
        spec = one["spec"]
        assert spec["serviceAccountName"] == "cbvsynth-runner"
        assert spec["containers"][0]["securityContext"]["runAsUser"] == 10001
    (train,) = (one for one in run.pods if one["metadata"]["labels"]["job-name"] == "first-3-train")
    assert "cbvsynth-train" in train["spec"]["containers"][0]["image"]
    assert {one["mountPath"] for one in train["spec"]["containers"][0]["volumeMounts"]} >= {
        "/workspace",
        "/tmp",
    }


def test_the_registry_on_postgresql_has_the_champion(kubectl: Kubectl, run: Run) -> None:
    """Of the first run; a later test's second run may have added a version."""
    assert champion_of(kubectl) == 1
    rows = sql(kubectl, "SELECT value FROM model_version_tags WHERE name = 'cbvsynth' AND version = 1")
    assert MODEL in rows.split()


def test_files_of_the_run_lie_in_the_workspace_as_the_steps_user(run: Run, node: Machine) -> None:
    workspace = node.folder / "volumes/kubeflow-cbvsynth-workspace"
    assert {"validate", "preprocess", "train", "evaluate", "promote"} <= {
        one.name for one in workspace.iterdir()
    }
    assert {one.stat().st_uid for one in workspace.rglob("*")} == {10001}
