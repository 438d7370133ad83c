"""A task gets the hardware, the volumes and the secrets that it needs, and no more."""

from __future__ import annotations

from pathlib import Path

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
    for entry in executors.values():
        assert entry["securityContext"] == {
            "runAsGroup": "10001",
            "runAsNonRoot": True,
            "runAsUser": "10001",
        }
