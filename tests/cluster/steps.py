"""The pods of a pipeline's tasks, as its compiled package says, each wrapped in a Job.

What Kubeflow's driver does between package and pod is done here in short: container, resources, environment,
volumes, users, tolerations, labels and account. Its own launcher, which fetches inputs, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.cluster.kubectl import Manifest

ACCOUNT = "cbvsynth-runner"
"""k8s/kfp/runner.yaml tells Kubeflow so."""
WORKFLOW = "workflows.argoproj.io/workflow"
"""Argo's label, by which the network rules and Kubeflow's own clients know the pods of runs."""


def jobs_of(package: Path, namespace: str) -> Iterator[Manifest]:
    """A Job for every task of a package."""
    spec, platform = yaml.safe_load_all(package.read_text(encoding="utf-8"))
    for name in spec["deploymentSpec"]["executors"]:
        yield job_of(spec, platform, name, namespace)


def job_of(spec: Manifest, platform: Manifest, executor: str, namespace: str) -> Manifest:
    """The Job of one executor, as spec and platform spec say."""
    placed = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][executor]
    container = spec["deploymentSpec"]["executors"][executor]["container"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"run-{executor.removeprefix('exec-')}", "namespace": namespace},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(placed["activeDeadlineSeconds"]),
            "template": {
                "metadata": {"labels": {WORKFLOW: "run"}},
                "spec": _pod(container, placed),
            },
        },
    }


def _pod(container: Manifest, placed: Manifest) -> Manifest:
    claims = {one["pvcNameParameter"]["runtimeValue"]["constant"]: one for one in placed.get("pvcMount", [])}
    folders = {one["volumeName"]: one for one in placed.get("emptyDirMounts", [])}
    volumes: list[Manifest] = [
        {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims
    ]
    for name, one in folders.items():
        medium = {"medium": one["medium"]} if "medium" in one else {}
        size = {"sizeLimit": one["sizeLimit"]} if "sizeLimit" in one else {}
        volumes.append({"name": name, "emptyDir": {**medium, **size}})
    user = placed["securityContext"]
    return {
        "serviceAccountName": ACCOUNT,
        "restartPolicy": "Never",
        # k8s/kfp/volumes.yaml.
        "securityContext": {"fsGroup": 10001},
        "tolerations": placed.get("tolerations", []),
        "nodeSelector": placed.get("nodeSelector", {}).get("labels", {}),
        "containers": [
            {
                "name": "main",
                "image": container["image"],
                "imagePullPolicy": placed["imagePullPolicy"],
                "command": container["command"],
                "args": container["args"],
                "env": [*container.get("env", []), *_references(placed)],
                "resources": _resources(container["resources"]),
                "securityContext": {
                    "runAsUser": int(user["runAsUser"]),
                    "runAsGroup": int(user["runAsGroup"]),
                    "runAsNonRoot": user["runAsNonRoot"],
                },
                "volumeMounts": [
                    {"name": name, "mountPath": one["mountPath"]}
                    for name, one in {**claims, **folders}.items()
                ],
            }
        ],
        "volumes": volumes,
    }


def _references(placed: Manifest) -> Iterator[Manifest]:
    for one in placed.get("configMapAsEnv", []):
        name = one["configMapNameParameter"]["runtimeValue"]["constant"]
        for key in one["keyToEnv"]:
            reference = {"name": name, "key": key["configMapKey"], "optional": one["optional"]}
            yield {"name": key["envVar"], "valueFrom": {"configMapKeyRef": reference}}
    for one in placed.get("secretAsEnv", []):
        name = one["secretNameParameter"]["runtimeValue"]["constant"]
        for key in one["keyToEnv"]:
            reference = {"name": name, "key": key["secretKey"], "optional": one["optional"]}
            yield {"name": key["envVar"], "valueFrom": {"secretKeyRef": reference}}


def _resources(asked: Manifest) -> Manifest:
    found = {
        kind: {"cpu": asked[f"resourceCpu{kind.title()}"], "memory": asked[f"resourceMemory{kind.title()}"]}
        for kind in ("request", "limit")
    }
    if "accelerator" in asked:
        one = asked["accelerator"]
        found["limit"][one["resourceType"]] = one["resourceCount"]
    return {"requests": found["request"], "limits": found["limit"]}
