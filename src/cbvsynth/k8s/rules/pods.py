"""Pod Security Standards, profile restricted, and a little more: read-only roots, no tokens, no root."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import NAMESPACE, Cluster, Manifest, Workload

_VOLUMES = frozenset(
    {
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
        *("persistentVolumeClaim", "projected", "secret"),
    }
)
_LEVEL = "pod-security.kubernetes.io/enforce"


def check(cluster: Cluster) -> Iterator[str]:
    """What a cluster that enforces the restricted profile would refuse, before it does."""
    for namespace in cluster.of_kind("Namespace"):
        level = namespace["metadata"].get("labels", {}).get(_LEVEL)
        if level != "restricted":
            yield f"Namespace {namespace['metadata']['name']} enforces {level}; expected restricted"
    if not any(one["metadata"]["name"] == NAMESPACE for one in cluster.of_kind("Namespace")):
        yield f"Namespace {NAMESPACE} is not there to enforce anything"
    for workload in cluster.workloads():
        yield from _pod(workload)
        for container in workload.containers:
            yield from _container(workload, container)


def _pod(workload: Workload) -> Iterator[str]:
    pod, context = workload.pod, workload.pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"{workload.called} has {field}"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= _VOLUMES:
            yield f"{workload.called}: volume {volume['name']} is {kinds}, which restricted pods may not have"
    if context.get("runAsNonRoot") is not True:
        yield f"{workload.called} may run as root: runAsNonRoot is not true"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{workload.called} has no seccomp profile"
    if not context.get("runAsUser"):
        yield f"{workload.called} does not say which user it runs as"
    if context.get("sysctls"):
        yield f"{workload.called} sets sysctls"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{workload.called} carries a token for Kubernetes' API, which it does not use"
    if pod.get("enableServiceLinks") is not False:
        yield f"{workload.called} gets variables named after Services: enableServiceLinks is not false"


def _container(workload: Workload, container: Manifest) -> Iterator[str]:
    where, context = f"{workload.called}, {container['name']}", container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{where} may gain privileges: allowPrivilegeEscalation is not false"
    if context.get("privileged"):
        yield f"{where} is privileged"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []):
        yield f"{where} keeps capabilities; expected to drop ALL"
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{where} adds capabilities {capabilities['add']}"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{where} may write to its image: readOnlyRootFilesystem is not true"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield f"{where} runs as root"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"{where} takes a port of its node"
    for mount in container.get("volumeMounts", []):
        is_sync = container.get("command", [])[:3] == ["cbvsynth", "serving", "sync"]
        if mount["mountPath"] == "/models" and not is_sync and mount.get("readOnly") is not True:
            yield f"{where} may change the models that it serves; expected a read-only mount"
