"""Every overlay on a real API server: taken without a warning, and all that it asks for comes up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cbvsynth.k8s.cluster import Cluster, Workload
from tests.cluster.conftest import applied, ready_endpoints
from tests.cluster.kubectl import Kubectl, as_text, eventually
from tests.cluster.nodes import add_nodes, add_volumes, node
from tests.k8s.overlays_of_ours import OVERLAYS, ROOT, SHARED_CLUSTER, WITH_KSERVE

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
FOLDERS = [*(ROOT / "k8s/overlays" / name for name in OVERLAYS), WITH_KSERVE, SHARED_CLUSTER]


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture(scope="module")
def overlay(kubectl: Kubectl, folder: Path) -> Iterator[Cluster]:
    """An overlay, applied with every warning a failure, and three nodes."""
    with applied(kubectl, folder) as objects:
        gpus = {"nvidia.com/gpu": "4"} if folder.name == "gpu-production" else {}
        add_nodes(kubectl, *(node(f"node-{zone}", zone, **gpus) for zone in "abc"))
        yield objects


def test_what_was_applied_is_what_is_there(kubectl: Kubectl, overlay: Cluster, folder: Path) -> None:
    """Nothing is lost, defaulted away or changed by a controller so that the next apply would undo it."""
    eventually(lambda: kubectl.all("pods", "cbvsynth"), "pods")
    assert kubectl("diff", "--server-side", f"--kustomize={folder}") == ""
    lines = kubectl.apply(f"--kustomize={folder}")
    print(f"\n{folder.name}: {len(lines)} objects")
    assert len(lines) == len(overlay.objects)


def test_every_workload_gets_pods_that_become_ready_or_succeed(kubectl: Kubectl, overlay: Cluster) -> None:
    eventually(lambda: kubectl.all("persistentvolumeclaims"), "claims")
    workloads = [one for one in overlay.workloads() if one.kind != "InferenceService"]
    for one in workloads:
        if one.kind == "CronJob":
            kubectl(
                "create", "job", f"{one.name}-now", f"--from=cronjob/{one.name}", "--namespace", one.namespace
            )
    add_volumes(kubectl)
    eventually(lambda: _has_pods(kubectl, workloads), "pods of every workload")
    add_volumes(kubectl)
    for one in workloads:
        if one.is_server:
            where = ("--namespace", one.namespace, "--timeout=120s")
            kubectl("rollout", "status", f"{one.kind.lower()}/{one.name}", *where)
        else:
            job = f"{one.name}-now" if one.kind == "CronJob" else one.name
            where = ("--namespace", one.namespace, "--timeout=120s")
            kubectl("wait", "--for=condition=Complete", f"job/{job}", *where)


def _has_pods(kubectl: Kubectl, workloads: list[Workload]) -> bool:
    labels = [one["metadata"]["labels"] for one in kubectl.all("pods")]
    for one in workloads:
        assert any(one.labels.items() <= found.items() for found in labels), one.called
    return True


def test_a_service_has_ready_pods_behind_each_of_its_ports(kubectl: Kubectl, overlay: Cluster) -> None:
    """Controllers resolve a targetPort's name by the pods: one that nobody has leaves the port out."""
    for one in overlay.of_kind("Service"):
        behind = {
            workload.called
            for workload in overlay.workloads(one["metadata"]["namespace"])
            if one["spec"]["selector"].items() <= workload.labels.items()
            and workload.kind != "InferenceService"
        }
        if not behind:  # KServe's own controller makes those pods
            continue
        name, wanted = one["metadata"]["name"], len(one["spec"]["ports"])
        eventually(lambda name=name: all(ready_endpoints(kubectl, name).values()), f"pods behind {name}")
        assert len(ready_endpoints(kubectl, name)) == wanted, name


def test_a_port_that_nobody_has_gets_no_pod(kubectl: Kubectl, overlay: Cluster, folder: Path) -> None:
    """The other side of the test before."""
    service = next(one for one in overlay.of_kind("Service") if one["metadata"]["name"] == "mlflow")
    wrong = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "wrong", "namespace": "cbvsynth"},
        "spec": {**service["spec"], "ports": [{"name": "http", "port": 5000, "targetPort": "web"}]},
    }
    kubectl("create", "--filename=-", given=as_text(wrong))
    eventually(
        lambda: kubectl.all("endpointslices", "cbvsynth", "kubernetes.io/service-name=wrong"), "its slice"
    )
    assert not any(ready_endpoints(kubectl, "wrong").values())
