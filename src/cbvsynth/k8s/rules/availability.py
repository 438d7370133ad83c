"""Drains, updates and shutdowns that lose no request: budgets, grace periods, spreading, shared disks."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, Workload, called, selects


def check(cluster: Cluster) -> Iterator[str]:
    """What would block a drain, or drop requests in flight."""
    yield from _budgets(cluster)
    scaled = {
        (one["metadata"]["namespace"], one["spec"]["scaleTargetRef"]["name"])
        for one in cluster.of_kind("HorizontalPodAutoscaler")
    }
    for workload in cluster.workloads():
        if workload.kind == "Deployment":
            owner = _owns_a_disk(cluster, workload)
            yield from _one_owner(workload) if owner else _rolling(workload)
            yield from _deployment(workload, scaled=(workload.namespace, workload.name) in scaled)
    for scaler in cluster.of_kind("HorizontalPodAutoscaler"):
        low, high = scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]
        if low > high:
            yield f"{called(scaler)} has minReplicas {low} above maxReplicas {high}"
        if cluster.environment == "production" and low < 2:
            yield f"{called(scaler)} may leave {low} server in production; expected 2 or more"
    for claim in cluster.of_kind("PersistentVolumeClaim"):
        shared = claim["metadata"]["name"] in ("cbvsynth-data", "cbvsynth-workspace")
        if (
            shared
            and cluster.environment != "development"
            and "ReadWriteMany" not in claim["spec"]["accessModes"]
        ):
            yield f"{called(claim)} is used by pods on several nodes and is not ReadWriteMany"


def _budgets(cluster: Cluster) -> Iterator[str]:
    for budget in cluster.of_kind("PodDisruptionBudget"):
        spec = budget["spec"]
        if "minAvailable" in spec:
            yield f"{called(budget)} has minAvailable, which blocks every drain at that many replicas"
        if spec.get("maxUnavailable") in (0, "0", "0%"):
            yield f"{called(budget)} allows no disruption, which blocks every drain"
    for workload in cluster.workloads():
        if workload.kind == "Deployment" and not any(
            budget["metadata"]["namespace"] == workload.namespace
            and selects(budget["spec"]["selector"], workload.labels)
            for budget in cluster.of_kind("PodDisruptionBudget")
        ):
            yield f"{workload.called} has no PodDisruptionBudget"


def _owns_a_disk(cluster: Cluster, workload: Workload) -> bool:
    """Whether its pod mounts a claim that one node at a time may write."""
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in workload.pod.get("volumes", [])
        if "persistentVolumeClaim" in volume
    }
    return any(
        claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        for claim in cluster.of_kind("PersistentVolumeClaim")
        if claim["metadata"]["namespace"] == workload.namespace and claim["metadata"]["name"] in claims
    )


def _one_owner(workload: Workload) -> Iterator[str]:
    if workload.spec.get("replicas", 1) != 1:
        yield f"{workload.called} has several pods for a disk that one may have; expected replicas: 1"
    if workload.spec.get("strategy", {}).get("type") != "Recreate":
        yield f"{workload.called} would wait for a disk that its old pod holds; expected strategy Recreate"


def _rolling(workload: Workload) -> Iterator[str]:
    rolling, pod = workload.spec.get("strategy", {}).get("rollingUpdate", {}), workload.pod
    on_gpu = any("nvidia.com/gpu" in one["resources"].get("limits", {}) for one in workload.containers)
    if not on_gpu and rolling.get("maxUnavailable") != 0:
        yield f"{workload.called} may stop an old pod before a new one is ready; expected maxUnavailable: 0"
    if on_gpu and rolling.get("maxSurge") != 0:
        yield f"{workload.called} needs a spare GPU to be updated; expected maxSurge: 0"
    if not pod.get("topologySpreadConstraints"):
        yield f"{workload.called} does not spread its pods over nodes"


def _deployment(workload: Workload, *, scaled: bool) -> Iterator[str]:
    spec, pod = workload.spec, workload.pod
    if scaled and "replicas" in spec:
        yield f"{workload.called} sets replicas, which every apply would reset under its autoscaler"
    for spread in pod.get("topologySpreadConstraints", []):
        if spread["whenUnsatisfiable"] != "ScheduleAnyway":
            yield f"{workload.called} would not start on one node: {spread['topologyKey']} must be soft"
    grace = pod.get("terminationGracePeriodSeconds", 30)
    for container in pod["containers"]:
        command = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        if command[:1] != ["sleep"]:
            yield f"{workload.called}, {container['name']} has no preStop sleep: requests in flight are lost"
        elif int(command[1]) >= grace:
            yield f"{workload.called}, {container['name']} sleeps {command[1]} s, is killed after {grace} s"
