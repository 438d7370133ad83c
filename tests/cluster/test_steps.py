"""The pods of a run, as the compiled package says: admitted by the API server, placed by the scheduler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.conftest import applied
from tests.cluster.kubectl import Kubectl, as_text, eventually
from tests.cluster.nodes import add_nodes, add_volumes, node
from tests.cluster.steps import jobs_of
from tests.k8s.overlays_of_ours import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
TASKS = ("evaluate", "plan", "preprocess", "promote", "promote-2", "train", "validate")


@pytest.fixture(scope="module")
def production(kubectl: Kubectl) -> Iterator[None]:
    """The overlay with GPUs, one node without and one with."""
    with applied(kubectl, ROOT / "k8s/overlays/gpu-production"):
        taint = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
        with_gpus = node("node-gpu", "b", cpu="32", memory="256Gi", **{"nvidia.com/gpu": "8"})
        add_nodes(
            kubectl,
            node("node-cpu", "a", cpu="32", memory="256Gi"),
            {**with_gpus, "spec": {"taints": [taint]}},
        )
        eventually(lambda: kubectl.all("persistentvolumeclaims", "kubeflow"), "claims")
        add_volumes(kubectl)
        yield


def test_every_task_of_the_committed_package_runs_where_it_should(kubectl: Kubectl, production: None) -> None:
    """On a Kubernetes that holds pods to the quota, to their account and to their claims."""
    jobs = list(jobs_of(ROOT / "pipelines/cbv-synthesis.yaml", "kubeflow"))
    assert sorted(one["metadata"]["name"] for one in jobs) == [f"run-{task}" for task in TASKS]
    kubectl.apply("--filename=-", given=as_text(*jobs))
    for one in jobs:
        name = f"job/{one['metadata']['name']}"
        kubectl("wait", "--for=condition=Complete", "--namespace=kubeflow", "--timeout=120s", name)
    pods = kubectl.all("pods", "kubeflow", "workflows.argoproj.io/workflow=run")
    placed = {one["metadata"]["labels"]["job-name"]: one["spec"]["nodeName"] for one in pods}
    assert placed.pop("run-train") == "node-gpu"
    assert set(placed.values()) == {"node-cpu"}
    used = kubectl.get("resourcequota", "cbvsynth-runs", "kubeflow")["status"]["used"]
    assert used["pods"] == "0", "pods that have ended count no more"


def test_a_task_without_its_account_gets_no_pod(kubectl: Kubectl, production: None) -> None:
    """Negative control: a Job is taken, and its pods are refused."""
    job = next(jobs_of(ROOT / "pipelines/cbv-synthesis.yaml", "kubeflow"))
    job["metadata"]["name"] = "run-of-nobody"
    job["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    kubectl.apply("--filename=-", given=as_text(job))

    def says() -> bool:
        events = kubectl.all("events", "kubeflow")
        return any('serviceaccount "nobody" not found' in one["message"] for one in events)

    eventually(says, "the refusal as an event")
