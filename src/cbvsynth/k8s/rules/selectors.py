"""What selects, selects something: services, budgets, autoscalers, spreads, and their ports."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, Workload, called, selects


def check(cluster: Cluster) -> Iterator[str]:
    """Selectors without a pod, targets without a workload, ports that no container opens."""
    for workload in cluster.workloads():
        selector = workload.spec.get("selector")
        if selector is not None and not selects(selector, workload.labels):
            yield f"{workload.called} does not select its own pods"
        for spread in workload.pod.get("topologySpreadConstraints", []):
            if not selects(spread["labelSelector"], workload.labels):
                yield f"{workload.called} spreads over {spread['topologyKey']} what is not its own pods"
        if workload.kind == "StatefulSet" and not cluster.has(
            "Service", workload.namespace, workload.spec["serviceName"]
        ):
            yield f"{workload.called} names Service {workload.spec['serviceName']}, which does not exist"
    yield from _services(cluster)
    yield from _budgets(cluster)
    yield from _autoscalers(cluster)


def _services(cluster: Cluster) -> Iterator[str]:
    for service in cluster.of_kind("Service"):
        pods = _selected(
            cluster, service["metadata"]["namespace"], {"matchLabels": service["spec"]["selector"]}
        )
        if not pods:
            yield f"{called(service)} selects no pod"
        if len(pods) > 1:
            yield f"{called(service)} selects the pods of {' and '.join(pod.called for pod in pods)}"
        for port in service["spec"]["ports"]:
            for pod in pods:
                target = port.get("targetPort", port["port"])
                if target not in pod.ports() and target not in pod.ports().values():
                    yield f"{called(service)}: {pod.called} has no port {target}"


def _budgets(cluster: Cluster) -> Iterator[str]:
    for budget in cluster.of_kind("PodDisruptionBudget"):
        if not _selected(cluster, budget["metadata"]["namespace"], budget["spec"]["selector"]):
            yield f"{called(budget)} selects no pod"


def _autoscalers(cluster: Cluster) -> Iterator[str]:
    for scaler in cluster.of_kind("HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        found = [
            one
            for one in cluster.workloads(scaler["metadata"]["namespace"])
            if (one.kind, one.name) == (target["kind"], target["name"])
        ]
        if not found:
            yield f"{called(scaler)} scales {target['kind']} {target['name']}, which does not exist"
        for metric in scaler["spec"]["metrics"]:
            name = metric.get("containerResource", {}).get("container")
            for one in found:
                containers = {container["name"]: container for container in one.containers}
                if name is not None and name not in containers:
                    yield f"{called(scaler)} measures container {name}; {one.called} has {sorted(containers)}"


def _selected(cluster: Cluster, namespace: str, selector: dict[str, object]) -> list[Workload]:
    return [one for one in cluster.workloads(namespace) if selects(selector, one.labels)]
