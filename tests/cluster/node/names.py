"""Names of Services, from CoreDNS in a pod where the network rules look for it."""

from __future__ import annotations

from tests.cluster.kubectl import Kubectl, Manifest, as_text
from tests.cluster.node.images import COREDNS
from tests.cluster.node.machine import NAMES

_LABELS = {"k8s-app": "kube-dns"}
_COREFILE = """.:53 {
    errors
    ready
    kubernetes cluster.local
}
"""
_WHERE = {"name": "coredns", "namespace": "kube-system"}


def serve_names(kubectl: Kubectl) -> None:
    """Start it, and wait until it answers."""
    kubectl.apply("--filename=-", given=as_text(*_account(), _config(), _service(), _deployment()))
    kubectl("rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=600s")


def _account() -> list[Manifest]:
    watched = ["endpoints", "services", "pods", "namespaces"]
    role = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _WHERE},
        {
            "apiVersion": f"{role}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "coredns"},
            "rules": [
                {"apiGroups": [""], "resources": watched, "verbs": ["list", "watch"]},
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["list", "watch"],
                },
            ],
        },
        {
            "apiVersion": f"{role}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "coredns"},
            "roleRef": {"apiGroup": role, "kind": "ClusterRole", "name": "coredns"},
            "subjects": [{"kind": "ServiceAccount", **_WHERE}],
        },
    ]


def _config() -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _WHERE, "data": {"Corefile": _COREFILE}}


def _service() -> Manifest:
    ports = [{"name": name, "port": 53, "protocol": name.upper()} for name in ("udp", "tcp")]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": NAMES, "selector": _LABELS, "ports": ports},
    }


def _deployment() -> Manifest:
    container = {
        "name": "coredns",
        "image": COREDNS,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _WHERE,
        "spec": {
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": _LABELS},
                "spec": {
                    "serviceAccountName": "coredns",
                    "dnsPolicy": "Default",
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
                },
            },
        },
    }
