"""Resources: quantities that parse, requests, memory limits, whole GPUs, quotas that pods can meet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cbvsynth.k8s.cluster import Cluster, Manifest, called
from cbvsynth.kubernetes_words import parse_quantity

_SMALLEST_MEMORY = 16 * 1024**2
GPU = "nvidia.com/gpu"


def check(cluster: Cluster) -> Iterator[str]:
    """Resources of containers, volumes, quotas and ranges."""
    for workload in cluster.workloads():
        for container in workload.containers:
            where = f"{workload.called}, {container['name']}"
            yield from _container(where, container.get("resources", {}))
        for volume in workload.pod.get("volumes", []):
            scratch = volume.get("emptyDir")
            size = None if scratch is None else scratch.get("sizeLimit")
            if size is not None:
                yield from _parses(f"{workload.called}, volume {volume['name']}", size)
            if scratch is not None and size is None and workload.kind == "Deployment":
                yield f"{workload.called}: volume {volume['name']} may fill its node's disk; set sizeLimit"
        on_gpu = any(GPU in one["resources"].get("limits", {}) for one in workload.containers)
        tolerated = {one.get("key") for one in workload.pod.get("tolerations", [])}
        if on_gpu and GPU not in tolerated:
            yield f"{workload.called} requests a GPU and does not tolerate {GPU}"
    yield from _quotas(cluster)


def _container(where: str, resources: Manifest) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for side in (requests, limits):
        for name, quantity in side.items():
            yield from _parses(f"{where}, {name}", quantity)
    for name in ("cpu", "memory"):
        if name not in requests:
            yield f"{where} requests no {name}"
    if "memory" not in limits:
        yield f"{where} has no memory limit"
    if "cpu" in limits:
        yield f"{where} has a CPU limit, which slows it down even on an idle node"
    for name in requests.keys() & limits.keys():
        if _known(requests[name]) > _known(limits[name]):
            yield f"{where} requests {requests[name]} of {name}, above its limit {limits[name]}"
    for side in (requests, limits):
        if "memory" in side and 0 < _known(side["memory"]) < _SMALLEST_MEMORY:
            yield f"{where} has {side['memory']} of memory; is the unit missing?"
    gpus = {str(side.get(GPU, "0")) for side in (requests, limits)}
    if len(gpus) > 1 or not next(iter(gpus)).isdecimal():
        yield f"{where} has {sorted(gpus)} GPUs; expected the same whole number in requests and limits"


def _parses(where: str, quantity: str) -> Iterator[str]:
    try:
        parse_quantity(quantity)
    except ValueError as error:
        yield f"{where}: {error}"


def _known(quantity: str) -> Decimal:
    try:
        return parse_quantity(quantity)
    except ValueError:
        return Decimal(0)


def _quotas(cluster: Cluster) -> Iterator[str]:
    for quota in cluster.of_kind("ResourceQuota"):
        hard = quota["spec"]["hard"]
        for name, quantity in hard.items():
            yield from _parses(f"{called(quota)}, {name}", quantity)
        namespace = quota["metadata"]["namespace"]
        defaults: set[str] = set()
        for one in cluster.of_kind("LimitRange"):
            if one["metadata"]["namespace"] == namespace:
                for limit in one["spec"]["limits"]:
                    defaults |= set(limit.get("defaultRequest", {}))
        for name in ("cpu", "memory"):
            if f"requests.{name}" in hard and name not in defaults:
                yield (
                    f"{called(quota)} counts requests of {name}; without a LimitRange that gives one, "
                    "pods of Kubeflow Pipelines are refused"
                )
            if f"limits.{name}" in hard:
                yield f"{called(quota)} counts limits of {name}, which pods of Kubeflow Pipelines do not set"
    for claim in cluster.of_kind("PersistentVolumeClaim"):
        yield from _parses(called(claim), claim["spec"]["resources"]["requests"]["storage"])
