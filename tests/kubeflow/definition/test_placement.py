"""A task gets the hardware, the volumes and the secrets that it needs, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.profiles import CLUSTER_GPU
from tests.kubeflow.checkout import COMMITTED, documents


def test_only_a_training_gets_a_gpu_and_only_where_the_profile_has_some(packages: dict[str, Path]) -> None:
    def accelerated(name: str) -> set[str]:
        executors = documents(packages[name])[0]["deploymentSpec"]["executors"]
        return {
            executor
            for executor, entry in executors.items()
            if "accelerator" in entry["container"].get("resources", {})
        }

    assert accelerated("cluster-gpu") == {"exec-train"}
    assert accelerated("cluster-cpu") == accelerated("local") == set()


def test_each_task_sees_no_more_than_it_needs() -> None:
    _, platform = documents(COMMITTED)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]

    def with_(key: str, inner: str, value: str) -> set[str]:
        return {
            name
            for name, entry in executors.items()
            if any(item[inner] == value for item in entry.get(key, []))
        }

    assert with_("pvcMount", "mountPath", "/data") == {"exec-validate", "exec-preprocess"}
    assert with_("pvcMount", "mountPath", "/workspace") == set(executors)
    assert with_("secretAsEnv", "secretName", "cbvsynth-pseudonym-key") == {
        "exec-validate",
        "exec-preprocess",
    }
    registry = {"exec-evaluate", "exec-promote", "exec-promote-2"}
    assert with_("configMapAsEnv", "configMapName", "cbvsynth-mlflow") == registry
    variables = {
        key["envVar"]
        for entry in executors.values()
        for one in entry.get("configMapAsEnv", [])
        for key in one["keyToEnv"]
    }
    assert variables == {"CBVSYNTH_TRACKING_URI"}, "Kubeflow's MLflow plugin sets MLFLOW_TRACKING_URI itself"
    for entry in executors.values():
        assert entry["securityContext"] == {
            "runAsGroup": "10001",
            "runAsNonRoot": True,
            "runAsUser": "10001",
        }


def test_on_a_laptop_every_task_asks_for_what_two_processors_and_4_gib_can_give(
    packages: dict[str, Path],
) -> None:
    """With 2 processors and 8 GiB for a list of names, no task was ever scheduled on two processors."""
    executors = documents(packages["kind"])[0]["deploymentSpec"]["executors"]
    for name, entry in executors.items():
        asked = entry["container"]["resources"]
        assert float(asked["cpuRequest"]) <= 0.25, name
        assert float(asked["memoryRequest"]) <= 1.1, name
        assert float(asked["memoryLimit"]) <= 4, name
        assert float(asked["cpuLimit"]) <= 2, name


def test_a_training_waits_in_the_queue_that_the_profile_names(tmp_path: Path) -> None:
    package = tmp_path / "package.yaml"
    compile_package(package, replace(CLUSTER_GPU, queue="cbvsynth"))
    executors = documents(package)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    labelled = {
        name: entry["podMetadata"]["labels"] for name, entry in executors.items() if "podMetadata" in entry
    }
    assert labelled == {"exec-train": {"kueue.x-k8s.io/queue-name": "cbvsynth"}}
