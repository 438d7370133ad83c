"""A metrics API of a few lines, so that the autoscaler sees the load that a test says there is.

It stands in for metrics-server, which asks kubelets; the API server's aggregation and autoscaler are real.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cluster.control_plane import ControlPlane
from tests.cluster.kubectl import Kubectl, Manifest, as_text

_GROUP = "metrics.k8s.io/v1beta1"


@dataclass
class Load:
    """Processor time that the servers use together, shared by those that are there."""

    processors: float = 0.0


@contextmanager
def metrics_api(cluster: ControlPlane, container: str) -> Iterator[Load]:
    """Serve metrics of pods with such a container, registered with the API server."""
    load = Load()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster.admin, container, load))
    server.socket = _encrypted(cluster).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    registered = as_text(*_registration(server.server_port))
    try:
        cluster.admin("create", "--filename=-", given=registered)
        name = "apiservice/v1beta1.metrics.k8s.io"
        cluster.admin("wait", "--for=condition=Available", "--timeout=60s", name)
        yield load
    finally:
        cluster.admin("delete", "--filename=-", "--ignore-not-found", given=registered)
        server.shutdown()
        server.server_close()


def _handler(kubectl: Kubectl, container: str, load: Load) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/pods" in self.path:
                answer = {"kind": "PodMetricsList", "items": _items(kubectl, container, load)}
            else:
                pods = {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
                answer = {"kind": "APIResourceList", "groupVersion": _GROUP, "resources": [pods]}
            body = json.dumps({"apiVersion": _GROUP, **answer}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _items(kubectl: Kubectl, container: str, load: Load) -> list[Manifest]:
    pods = [
        one
        for one in kubectl.all("pods", "cbvsynth")
        if container in [each["name"] for each in one["spec"]["containers"]]
        and one["status"]["phase"] == "Running"
    ]
    usage = {"cpu": f"{1000 * load.processors / max(len(pods), 1):.0f}m", "memory": "1Gi"}
    return [
        {
            "metadata": {key: one["metadata"][key] for key in ("name", "namespace", "labels")},
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "window": "1s",
            "containers": [{"name": container, "usage": usage}],
        }
        for one in pods
    ]


def _encrypted(cluster: ControlPlane) -> ssl.SSLContext:
    key, certificate = cluster.folder / "metrics.key", cluster.folder / "metrics.crt"
    names = ["-subj", "/CN=localhost", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _registration(port: int) -> list[Manifest]:
    service = {"name": "metrics", "namespace": "kube-system"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": service,
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "service": {**service, "port": port},
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "insecureSkipTLSVerify": True,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
            },
        },
    ]
