"""Pods of the tests, and what is done in pods and to them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.cluster.kubectl import Kubectl, Manifest
from tests.k8s.overlays_of_ours import overlay

CLIENTS = "clients"


def clients_namespace() -> Manifest:
    """A namespace whose pods may be allowed to ask for predictions."""
    labels = {"cbvsynth.io/prediction-clients": "allowed"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CLIENTS, "labels": labels}}


def client(name: str, *, allowed: bool) -> Manifest:
    """A pod of our light image that waits."""
    labels = {"cbvsynth.io/prediction-client": "true"} if allowed else {}
    container = {"name": "client", "image": sync_image(), "command": ["sleep", "infinity"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": CLIENTS, "labels": labels},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


def sync_image() -> str:
    """Our light image, as the overlay names it."""
    containers = (one for workload in overlay("kind").workloads() for one in workload.containers)
    return next(str(one["image"]) for one in containers if one["name"] == "sync")


def confined(name: str, image: str, command: Sequence[str], **labels: str) -> Manifest:
    """A pod that runs a command once, as the pods of k8s/ do: no root, nothing to write to but /tmp."""
    container = {
        "name": "main",
        "image": image,
        "command": command,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
    }
    user = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": user,
            "containers": [container],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
        },
    }


def listener(name: str, workload: str, ports: Sequence[int]) -> Manifest:
    """A confined pod that looks like a workload's to Services and network rules, and listens."""
    script = "import socket, time\n" + "".join(
        f"s{port} = socket.create_server(('', {port}), backlog=50)\n" for port in ports
    )
    command = ["python3", "-c", f"{script}time.sleep(36000)"]
    one = confined(name, sync_image(), command, **{"app.kubernetes.io/name": workload})
    one["metadata"]["namespace"] = "cbvsynth"
    return one


def reaches(kubectl: Kubectl, pod: str, host: str, port: int) -> bool:
    """Whether a pod gets a connection within five seconds; a plug-in may drop or refuse."""
    script = (
        "import socket\n"
        f"try: socket.create_connection(('{host}', {port}), 5); print('open')\n"
        "except (TimeoutError, ConnectionRefusedError): print('closed')\n"
    )
    name, _, namespace = pod.partition(".")
    said = kubectl("exec", name, f"--namespace={namespace}", "--", "python3", "-c", script).strip()
    assert said in ("open", "closed"), said
    return said == "open"
