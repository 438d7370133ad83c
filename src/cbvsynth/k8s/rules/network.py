"""Who may talk to whom: all is denied by default, and opened only to peers that exist, at both ends."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cbvsynth.k8s.cluster import NAMESPACE, RUNS_NAMESPACE, Cluster, Manifest, Workload, called, selects

_NAME = "kubernetes.io/metadata.name"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.]*://(?:[^@/\s]*@)?([a-z0-9.-]+):(\d+)")
_RUNS_ENVIRONMENT = "cbvsynth-mlflow"
PAGE = "page"
"""The one Service that people reach with browsers."""


@dataclass(frozen=True)
class Peer:
    """Pods as a NetworkPolicy sees them."""

    called: str
    namespace: dict[str, str]
    """Labels of the namespace."""
    labels: dict[str, str]
    ports: frozenset[int] = frozenset()
    is_ours: bool = False
    """Whether our policies close it."""
    addresses: frozenset[tuple[str, int]] = field(default=frozenset(), compare=False)
    """Hosts and ports in its environment."""


def _in(namespace: str) -> dict[str, str]:
    return {_NAME: namespace}


OUTSIDE = (
    Peer("the cluster's DNS", _in("kube-system"), {"k8s-app": "kube-dns"}, frozenset({53})),
    Peer("Prometheus", _in("monitoring"), {"app.kubernetes.io/name": "prometheus"}),
    Peer("the ingress controller", _in("ingress-nginx"), {"app.kubernetes.io/name": "ingress-nginx"}),
    Peer("Kubeflow's API", _in(RUNS_NAMESPACE), {"app": "ml-pipeline"}, frozenset({8887, 8888})),
    Peer(
        "Kubeflow's metadata", _in(RUNS_NAMESPACE), {"component": "metadata-grpc-server"}, frozenset({8080})
    ),
    Peer("Kubeflow's object store", _in(RUNS_NAMESPACE), {"app": "seaweedfs"}, frozenset({8333})),
    Peer(
        "a pod of a run in a profile's namespace",
        {"app.kubernetes.io/part-of": "kubeflow-profile"},
        {"workflows.argoproj.io/workflow": "run"},
    ),
    Peer(
        "a prediction client",
        {"cbvsynth.io/prediction-clients": "allowed"},
        {"cbvsynth.io/prediction-client": "true"},
    ),
)
"""Pods that a policy of ours may name though no manifest of ours makes them; k8s/README.md lists them."""


def peers(cluster: Cluster) -> list[Peer]:
    """All pods that there will be: of our workloads, of runs, and from outside."""
    ours = [
        Peer(
            one.called,
            _in(one.namespace),
            one.labels,
            frozenset(one.ports().values()),
            is_ours=True,
            addresses=frozenset(_addresses(cluster, one)),
        )
        for one in cluster.workloads()
    ]
    runs = Peer(
        "a pod of a run",
        _in(RUNS_NAMESPACE),
        {"workflows.argoproj.io/workflow": "run"},
        is_ours=True,
        addresses=frozenset(_found(_texts(cluster, RUNS_NAMESPACE, "ConfigMap", _RUNS_ENVIRONMENT))),
    )
    return [*ours, runs, *OUTSIDE]


def allowed(cluster: Cluster, client: Peer, server: Peer, port: int) -> list[str]:
    """What keeps a connection from being made, for each end that does; empty where it is open."""
    closed = []
    if client.is_ours and not any(
        _opens(rule, "to", _namespace(policy), server, port)
        for policy in _policies(cluster, client, "Egress")
        for rule in policy["spec"].get("egress", [])
    ):
        closed.append(f"no policy lets {client.called} out")
    if server.is_ours and not any(
        _opens(rule, "from", _namespace(policy), client, port)
        for policy in _policies(cluster, server, "Ingress")
        for rule in policy["spec"].get("ingress", [])
    ):
        closed.append(f"no policy lets it into {server.called}")
    return closed


def check(cluster: Cluster) -> Iterator[str]:
    """Policies that leave something open, name no pod, or open only one end of a connection."""
    yield from _denied(cluster)
    everyone = peers(cluster)
    for policy in cluster.of_kind("NetworkPolicy"):
        yield from _policy(policy, everyone)
    yield from _both_ends(cluster, everyone)
    yield from _needed(cluster, everyone)
    for service in cluster.of_kind("Service"):
        if service["spec"].get("type", "ClusterIP") != "ClusterIP" and not _is_for_dicom(service):
            yield f"{called(service)} opens the cluster to the outside; clients come from inside"
    for ingress in cluster.of_kind("Ingress"):
        yield from _ingress(ingress)


def _ingress(ingress: Manifest) -> Iterator[str]:
    """The page alone is for browsers, under names of its own, and encrypted."""
    rules = ingress["spec"].get("rules", [])
    backends = [
        path["backend"].get("service", {}).get("name")
        for rule in rules
        for path in rule.get("http", {}).get("paths", [])
    ]
    if "defaultBackend" in ingress["spec"] or set(backends) != {PAGE}:
        yield f"{called(ingress)} opens the cluster to the outside; clients come from inside"
    encrypted = {host for tls in ingress["spec"].get("tls", []) for host in tls.get("hosts", [])}
    for rule in rules:
        if rule.get("host") not in encrypted:
            yield f"{called(ingress)} has {rule.get('host', 'every name')} without TLS"


def _is_for_dicom(service: Manifest) -> bool:
    """Whether a Service is the DICOM node's, for private addresses alone: scanners and PACS are outside."""
    spec = service["spec"]
    ranges = [ipaddress.ip_network(one) for one in spec.get("loadBalancerSourceRanges", [])]
    return (
        [port.get("name") for port in spec["ports"]] == ["dicom"]
        and spec.get("type") == "LoadBalancer"
        and bool(ranges)
        and all(one.is_private for one in ranges)
    )


def _denied(cluster: Cluster) -> Iterator[str]:
    for peer in peers(cluster):
        if not peer.is_ours:
            continue
        closing = [
            policy
            for policy in _policies(cluster, peer, "Ingress")
            if not {"ingress", "egress"} & policy["spec"].keys() and "Egress" in policy["spec"]["policyTypes"]
        ]
        if not closing:
            yield f"{peer.called} has no policy that denies both ways by default"


def _policy(policy: Manifest, everyone: list[Peer]) -> Iterator[str]:
    namespace, spec = _namespace(policy), policy["spec"]
    if not any(
        peer.namespace.get(_NAME) == namespace and selects(spec["podSelector"], peer.labels)
        for peer in everyone
        if peer.is_ours
    ):
        yield f"{called(policy)} selects no pod"
    for way, side, kind in (("ingress", "from", "Ingress"), ("egress", "to", "Egress")):
        if way in spec and kind not in spec["policyTypes"]:
            yield f"{called(policy)} has rules for {way} and does not name it in policyTypes"
        for rule in spec.get(way, []):
            if not rule.get(side):
                yield f"{called(policy)} opens {way} for everybody"
            if not rule.get("ports"):
                yield f"{called(policy)} opens every port for {way}"
            for peer in rule.get(side, []):
                yield from _peer(policy, peer, rule.get("ports", []), everyone, is_target=side == "to")


def _peer(
    policy: Manifest, peer: Manifest, ports: list[Manifest], everyone: list[Peer], *, is_target: bool
) -> Iterator[str]:
    if "ipBlock" in peer:
        block = ipaddress.ip_network(peer["ipBlock"]["cidr"])
        if not block.is_private or block.prefixlen == 0:
            yield f"{called(policy)} opens the way to {block}, which is not private"
        return
    if "podSelector" not in peer or not (peer["podSelector"]):
        yield f"{called(policy)} opens to a whole namespace; name its pods"
        return
    found = [one for one in everyone if _matches(peer, _namespace(policy), one)]
    if not found:
        yield f"{called(policy)} names {_shown(peer)}, which is no pod of ours or of a known peer"
    if is_target:
        for port in ports:
            if found and not any(port["port"] in one.ports for one in found):
                yield f"{called(policy)} opens port {port['port']}, which {found[0].called} does not have"


def _both_ends(cluster: Cluster, everyone: list[Peer]) -> Iterator[str]:
    """Connections that one end allows and the other does not: one of the two is a mistake."""
    for client in everyone:
        for server in everyone:
            if not (client.is_ours and server.is_ours) or client == server:
                continue
            for port in sorted(server.ports):
                closed = allowed(cluster, client, server, port)
                if len(closed) == 1:
                    yield f"{client.called} to {server.called}, port {port}: {closed[0]}"


def _needed(cluster: Cluster, everyone: list[Peer]) -> Iterator[str]:
    """Addresses in environments that lead to no Service, or to one that policies keep closed."""
    for client in everyone:
        for host, port in sorted(client.addresses):
            name, _, rest = host.partition(".")
            namespace = rest.removesuffix(".cluster.local").removesuffix(".svc") or client.namespace[_NAME]
            if namespace not in (NAMESPACE, RUNS_NAMESPACE) or host == "localhost":
                continue
            service = _service(cluster, namespace, name)
            if service is None:
                yield f"{client.called} is told {host}:{port}, and there is no such Service"
                continue
            if port not in [one["port"] for one in service["spec"]["ports"]]:
                yield f"{client.called} is told {host}:{port}; {called(service)} has no such port"
            for server in everyone:
                if server.namespace.get(_NAME) == namespace and selects(
                    {"matchLabels": service["spec"]["selector"]}, server.labels
                ):
                    for closed in allowed(cluster, client, server, port):
                        yield f"{client.called} is told {host}:{port}, and {closed}"


def _service(cluster: Cluster, namespace: str, name: str) -> Manifest | None:
    for one in cluster.of_kind("Service"):
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == (namespace, name):
            return one
    return None


def _policies(cluster: Cluster, peer: Peer, kind: str) -> list[Manifest]:
    return [
        policy
        for policy in cluster.of_kind("NetworkPolicy")
        if peer.namespace.get(_NAME) == _namespace(policy)
        and selects(policy["spec"]["podSelector"], peer.labels)
        and kind in policy["spec"]["policyTypes"]
    ]


def _opens(rule: Manifest, side: str, namespace: str, peer: Peer, port: int) -> bool:
    return any(one["port"] == port for one in rule.get("ports", [])) and any(
        "ipBlock" not in one and _matches(one, namespace, peer) for one in rule.get(side, [])
    )


def _matches(peer: Manifest, namespace: str, one: Peer) -> bool:
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], one.namespace):
            return False
    elif one.namespace.get(_NAME) != namespace:
        return False
    return selects(peer.get("podSelector", {}), one.labels)


def _namespace(policy: Manifest) -> str:
    return str(policy["metadata"]["namespace"])


def _shown(peer: Manifest) -> str:
    return " in ".join(str(peer[key]) for key in ("podSelector", "namespaceSelector") if key in peer)


def _addresses(cluster: Cluster, workload: Workload) -> Iterator[tuple[str, int]]:
    for container in workload.containers:
        for source in container.get("envFrom", []):
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if key in source:
                    yield from _found(_texts(cluster, workload.namespace, kind, source[key]["name"]))
        for variable in container.get("env", []):
            yield from _found([str(variable.get("value", ""))])
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            if secret is not None:
                yield from _found(
                    _texts(cluster, workload.namespace, "Secret", secret["name"], only=secret["key"])
                )


def _texts(cluster: Cluster, namespace: str, kind: str, name: str, only: str = "") -> list[str]:
    for one in cluster.of_kind(kind):
        if (one["metadata"].get("namespace"), one["metadata"]["name"]) == (namespace, name):
            values = [str(value) for key, value in one.get("data", {}).items() if only in ("", key)]
            return [base64.b64decode(value).decode() for value in values] if kind == "Secret" else values
    return []


def _found(texts: list[str]) -> Iterator[tuple[str, int]]:
    for text in texts:
        for host, port in _ADDRESS.findall(text):
            yield host, int(port)
