"""What is named exists: accounts, environments, secrets and their keys, volumes, claims, roles, owners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cbvsynth.k8s.cluster import NAMESPACE, RUNS_NAMESPACE, Cluster, Workload, called

OF_KUBEFLOW = frozenset({("ConfigMap", "kfp-launcher"), ("Secret", "mlpipeline-minio-artifact")})
"""What Kubeflow Pipelines brings and a Role of ours names."""

_WITHOUT_NAMESPACE = frozenset({"Namespace", "ResourceFlavor", "ClusterQueue"})
"""Kinds that belong to the cluster as a whole."""


def check(cluster: Cluster) -> Iterator[str]:
    """Dangling names in pods and roles, and objects in a namespace that is not ours."""
    for workload in cluster.workloads():
        yield from _account(cluster, workload)
        yield from _environments(cluster, workload)
        yield from _volumes(cluster, workload)
    yield from _roles(cluster)
    yield from _places(cluster)
    yield from _twice(cluster)


def _account(cluster: Cluster, workload: Workload) -> Iterator[str]:
    name = workload.pod.get("serviceAccountName", "default")
    if name == "default":
        yield f"{workload.called} runs as the default ServiceAccount; give it one of its own"
    elif not cluster.has("ServiceAccount", workload.namespace, name):
        yield f"{workload.called} runs as ServiceAccount {name}, which does not exist"


def _environments(cluster: Cluster, workload: Workload) -> Iterator[str]:
    for container in workload.containers:
        where = f"{workload.called}, {container['name']}"
        for source in container.get("envFrom", []):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if (
                    field in source
                    and keys_of(cluster, kind, workload.namespace, source[field]["name"]) is None
                ):
                    yield f"{where}: {kind} {source[field]['name']} does not exist"
        for variable in container.get("env", []):
            origin = variable.get("valueFrom", {})
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if field in origin:
                    yield from _key(cluster, where, kind, workload.namespace, origin[field])


def _key(cluster: Cluster, where: str, kind: str, namespace: str, reference: dict[str, Any]) -> Iterator[str]:
    keys = keys_of(cluster, kind, namespace, reference["name"])
    if keys is None:
        yield f"{where}: {kind} {reference['name']} does not exist"
    elif reference["key"] not in keys:
        yield f"{where}: {kind} {reference['name']} has no key {reference['key']}, only {sorted(keys)}"


def keys_of(cluster: Cluster, kind: str, namespace: str, name: str) -> set[str] | None:
    """Keys of a ConfigMap or Secret, or of one that an ExternalSecret makes; None where there is none."""
    for one in cluster.of_kind(kind, "ExternalSecret"):
        if one["metadata"].get("namespace") != namespace:
            continue
        if one["kind"] == kind and one["metadata"]["name"] == name:
            return {*one.get("data", {}), *one.get("stringData", {})}
        if one["kind"] == "ExternalSecret" and kind == "Secret" and one["spec"]["target"]["name"] == name:
            return {entry["secretKey"] for entry in one["spec"]["data"]}
    return None


def _volumes(cluster: Cluster, workload: Workload) -> Iterator[str]:
    claims = {one["metadata"]["name"] for one in workload.spec.get("volumeClaimTemplates", [])}
    volumes = {volume["name"]: volume for volume in workload.pod.get("volumes", [])}
    mounted = set()
    for container in workload.containers:
        for mount in container.get("volumeMounts", []):
            mounted.add(mount["name"])
            if mount["name"] not in {*volumes, *claims}:
                yield f"{workload.called}, {container['name']} mounts {mount['name']}, which is not a volume"
    for name in sorted({*volumes, *claims} - mounted):
        yield f"{workload.called}: volume {name} is mounted nowhere"
    for volume in volumes.values():
        for field, kind, key in (
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
        ):
            if field in volume:
                name = volume[field][key]
                there = (
                    cluster.has(kind, workload.namespace, name)
                    if kind == "PersistentVolumeClaim"
                    else keys_of(cluster, kind, workload.namespace, name) is not None
                )
                if not there:
                    yield f"{workload.called}: {kind} {name} of volume {volume['name']} does not exist"


def _roles(cluster: Cluster) -> Iterator[str]:
    for binding in cluster.of_kind("RoleBinding"):
        namespace = binding["metadata"]["namespace"]
        role = binding["roleRef"]
        if not cluster.has(role["kind"], namespace, role["name"]):
            yield f"{called(binding)} names {role['kind']} {role['name']}, which does not exist"
        for subject in binding["subjects"]:
            if not cluster.has("ServiceAccount", subject.get("namespace", namespace), subject["name"]):
                yield f"{called(binding)} names ServiceAccount {subject['name']}, which does not exist"
    for role in cluster.of_kind("Role"):
        for rule in role["rules"]:
            for resource, kind in (("configmaps", "ConfigMap"), ("secrets", "Secret")):
                for name in rule.get("resourceNames", []) if resource in rule["resources"] else []:
                    place = role["metadata"]["namespace"]
                    if (kind, name) not in OF_KUBEFLOW and keys_of(cluster, kind, place, name) is None:
                        yield f"{called(role)} allows reading {kind} {name}, which does not exist"


def _places(cluster: Cluster) -> Iterator[str]:
    for one in cluster.objects:
        namespace = one["metadata"].get("namespace", "")
        if one["kind"] not in _WITHOUT_NAMESPACE and namespace not in (NAMESPACE, RUNS_NAMESPACE):
            yield f"{called(one)} is in namespace '{namespace}'; expected {NAMESPACE} or {RUNS_NAMESPACE}"


def _twice(cluster: Cluster) -> Iterator[str]:
    for workload in cluster.workloads():
        for container in workload.containers:
            names = [variable["name"] for variable in container.get("env", [])]
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"{workload.called}, {container['name']} sets {name} twice"
        numbers = [
            port["containerPort"] for container in workload.containers for port in container.get("ports", [])
        ]
        for number in sorted({number for number in numbers if numbers.count(number) > 1}):
            yield f"{workload.called}: port {number} is taken by two containers of one pod"
