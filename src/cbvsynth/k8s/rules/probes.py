"""Servers say whether they have started and are alive; ready means that the champion is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, Manifest, Workload

READY = "/v1/models/cbvsynth/labels/stable/metadata"
"""TensorFlow Serving answers 200 here only while the label is on a loaded version."""
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def check(cluster: Cluster) -> Iterator[str]:
    """Probes that are missing, ask a port that is not there, or would stop a server that only starts."""
    for workload in cluster.workloads():
        for container in workload.containers:
            yield from _ports(workload, container)
        if workload.is_server:
            for container in workload.pod["containers"]:
                yield from _complete(workload, container)
            yield from _sidecars(workload)
    for workload in cluster.workloads():
        for container in workload.pod["containers"]:
            if container.get("command", [""])[0] == "tensorflow_model_server":
                yield from _champion(workload, container)


def _ports(workload: Workload, container: Manifest) -> Iterator[str]:
    names = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    for kind in _PROBES:
        for way in ("httpGet", "tcpSocket", "grpc"):
            port = container.get(kind, {}).get(way, {}).get("port")
            if port is not None and port not in names and port not in names.values():
                where = f"{workload.called}, {container['name']}"
                yield f"{where}: {kind} asks port {port}; there is {sorted(names)}"


def _complete(workload: Workload, container: Manifest) -> Iterator[str]:
    where = f"{workload.called}, {container['name']}"
    for kind in _PROBES:
        if kind not in container:
            yield f"{where} has no {kind}"
    if container.get("livenessProbe") and container["livenessProbe"] == container.get("readinessProbe"):
        yield f"{where} is restarted whenever it is not ready: the two probes are the same"


def _sidecars(workload: Workload) -> Iterator[str]:
    for container in workload.pod.get("initContainers", []):
        where = f"{workload.called}, {container['name']}"
        if container.get("restartPolicy") == "Always" and "startupProbe" not in container:
            yield f"{where} is a sidecar without a startupProbe: the server would not wait for it"
        if (
            container.get("command", [])[:3] == ["cbvsynth", "serving", "sync"]
            and container.get("restartPolicy") != "Always"
        ):
            yield f"{where} keeps on running, so the server never starts: it needs restartPolicy: Always"


def _champion(workload: Workload, container: Manifest) -> Iterator[str]:
    where = f"{workload.called}, {container['name']}"
    ready = container.get("readinessProbe", {}).get("httpGet", {}).get("path")
    if ready != READY:
        yield f"{where} is ready by {ready}; expected {READY}, which is 200 when the champion is loaded"
    alive = container.get("livenessProbe", {}).get("httpGet", {}).get("path", "")
    if "/models/" in alive:
        yield f"{where} is restarted when a model is missing ({alive}); that does not bring it back"
    arguments = container.get("args", [])
    if "grpc" in container.get("livenessProbe", {}) and not any(
        argument.startswith("--enable_grpc_healthcheck_service") for argument in arguments
    ):
        yield f"{where} is asked for gRPC health without --enable_grpc_healthcheck_service"
