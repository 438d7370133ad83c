"""What controllers and scheduler make of staging, on three nodes in three zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from cbvsynth.k8s.cluster import Cluster
from tests.cluster.conftest import applied, ready_endpoints
from tests.cluster.control_plane import ControlPlane
from tests.cluster.kubectl import Kubectl, Manifest, eventually
from tests.cluster.metrics import metrics_api
from tests.cluster.nodes import add_nodes, add_volumes, node
from tests.k8s.overlays_of_ours import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
SERVING = "app.kubernetes.io/name=serving"


@pytest.fixture(scope="module")
def staging(kubectl: Kubectl) -> Iterator[Cluster]:
    """staging on three nodes, with everything ready."""
    with applied(kubectl, ROOT / "k8s/overlays/staging") as objects:
        add_nodes(kubectl, *(node(f"node-{zone}", zone) for zone in "abc"))
        eventually(lambda: kubectl.all("persistentvolumeclaims"), "claims")
        add_volumes(kubectl)
        for name in ("mlflow", "serving"):
            kubectl("rollout", "status", f"deployment/{name}", "--namespace=cbvsynth", "--timeout=120s")
        yield objects


def ready(kubectl: Kubectl, selector: str = SERVING) -> list[Manifest]:
    """Pods that are ready and not about to go."""
    return [
        one
        for one in kubectl.all("pods", "cbvsynth", selector)
        if "deletionTimestamp" not in one["metadata"]
        and any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in one.get("status", {}).get("conditions", [])
        )
    ]


def test_the_autoscaler_starts_the_second_server_without_any_metric(
    kubectl: Kubectl, staging: Cluster
) -> None:
    """The Deployment names no number, so that applying it again takes none away."""
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")
    kubectl.apply(f"--kustomize={ROOT / 'k8s/overlays/staging'}")
    assert kubectl.get("deployment", "serving", "cbvsynth")["spec"]["replicas"] == 2


def test_load_brings_servers_and_no_more_than_allowed(
    cluster: ControlPlane, kubectl: Kubectl, staging: Cluster
) -> None:
    """7 of 10 processors asked for is what the autoscaler keeps; sync's share does not count."""
    with metrics_api(cluster, "server") as load:
        load.processors = 2.5
        eventually(lambda: _target(kubectl) == 62, "the load of two servers, in percent")
        assert len(ready(kubectl)) == 2
        load.processors = 5.5
        eventually(lambda: len(ready(kubectl)) == 4, "four servers")
        load.processors = 100.0
        eventually(lambda: len(ready(kubectl)) == 6, "six servers")
    _scale(kubectl, 2)


def _target(kubectl: Kubectl) -> int:
    found = kubectl.get("hpa", "serving", "cbvsynth")["status"].get("currentMetrics") or [{}]
    return int(found[0].get("containerResource", {}).get("current", {}).get("averageUtilization", -1))


def test_servers_are_spread_over_nodes_and_zones(kubectl: Kubectl, staging: Cluster) -> None:
    _scale(kubectl, 3)
    assert Counter(one["spec"]["nodeName"] for one in ready(kubectl)) == {
        "node-a": 1,
        "node-b": 1,
        "node-c": 1,
    }
    _scale(kubectl, 5)
    per_node = Counter(one["spec"]["nodeName"] for one in ready(kubectl))
    assert sorted(per_node.values()) == [1, 2, 2]
    _scale(kubectl, 2)


def _scale(kubectl: Kubectl, servers: int) -> None:
    """As load would make the autoscaler do."""
    limits = f'{{"spec": {{"minReplicas": {servers}, "maxReplicas": {servers}}}}}'
    kubectl("patch", "hpa", "serving", "--namespace=cbvsynth", "--type=merge", f"--patch={limits}")
    eventually(lambda: len(ready(kubectl)) == servers, f"{servers} servers")


def test_a_drain_ends_and_leaves_a_server_ready_all_the_time(kubectl: Kubectl, staging: Cluster) -> None:
    """A budget that no eviction may touch would let the drain of a node wait for ever."""
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")
    for name in sorted({one["spec"]["nodeName"] for one in kubectl.all("pods", "cbvsynth")}):
        kubectl("drain", name, "--delete-emptydir-data", "--force", "--timeout=120s")
        assert len(ready(kubectl)) >= 1
        eventually(lambda: len(ready(kubectl)) == 2, "two servers")
        eventually(lambda: len(ready(kubectl, "app.kubernetes.io/name=mlflow")) == 1, "the registry")
        assert name not in {one["spec"]["nodeName"] for one in ready(kubectl)}
        kubectl("uncordon", name)


def test_the_second_eviction_waits_for_the_first_ones_place(kubectl: Kubectl, staging: Cluster) -> None:
    """With nowhere to go, one server leaves and the budget keeps the other."""
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")
    kubectl("cordon", "--selector=kubernetes.io/os=linux")
    try:
        first, second = ready(kubectl)
        kubectl("create", "--raw", _eviction(first), "--filename=-", given=_evict(first))
        eventually(lambda: len(ready(kubectl)) == 1, "one server")
        said = kubectl.refused("create", "--raw", _eviction(second), "--filename=-", given=_evict(second))
        assert "disruption budget" in said
    finally:
        kubectl("uncordon", "--selector=kubernetes.io/os=linux")
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")


def _eviction(pod: Manifest) -> str:
    return f"/api/v1/namespaces/cbvsynth/pods/{pod['metadata']['name']}/eviction"


def _evict(pod: Manifest) -> str:
    name = pod["metadata"]["name"]
    return f'{{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {{"name": "{name}"}}}}'


def test_a_new_version_comes_up_before_an_old_one_goes(kubectl: Kubectl, staging: Cluster) -> None:
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")
    before = {one["metadata"]["name"] for one in ready(kubectl)}
    kubectl("rollout", "restart", "deployment/serving", "--namespace=cbvsynth")
    least = 2

    def is_done() -> bool:
        nonlocal least
        least = min(least, len(ready_endpoints(kubectl, "serving").get(8500, ())))
        deployment = kubectl.get("deployment", "serving", "cbvsynth")
        status = deployment["status"]
        return bool(
            status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas")
            == status.get("replicas")
            == status.get("availableReplicas")
            == 2
        )

    eventually(is_done, "the new version")
    assert least == 2
    assert not before & {one["metadata"]["name"] for one in ready(kubectl)}


def test_a_rollback_brings_the_old_template_back(kubectl: Kubectl, staging: Cluster) -> None:
    eventually(lambda: len(ready(kubectl)) == 2, "two servers")
    image = kubectl.get("deployment", "serving", "cbvsynth")["spec"]["template"]["spec"]["containers"][0][
        "image"
    ]
    where = "--namespace=cbvsynth"
    kubectl("set", "image", "deployment/serving", "server=tensorflow/serving:none", where)
    kubectl("rollout", "undo", "deployment/serving", where)
    kubectl("rollout", "status", "deployment/serving", where, "--timeout=120s")
    assert {one["spec"]["containers"][0]["image"] for one in ready(kubectl)} == {image}


def test_the_clock_starts_backups_and_never_a_restore(kubectl: Kubectl, staging: Cluster) -> None:
    where = "--namespace=cbvsynth"
    for name in ("registry-backup", "registry-restore"):
        every = '{"spec": {"schedule": "* * * * *"}}'
        kubectl("patch", "cronjob", name, where, "--type=merge", f"--patch={every}")
    eventually(
        lambda: kubectl.get("cronjob", "registry-backup", "cbvsynth")["status"].get("lastSuccessfulTime"),
        "a backup by the clock",
        within_s=150,
    )
    assert (
        not kubectl.get("cronjob", "registry-restore", "cbvsynth").get("status", {}).get("lastScheduleTime")
    )
    kubectl.apply("--force-conflicts", f"--kustomize={ROOT / 'k8s/overlays/staging'}")
