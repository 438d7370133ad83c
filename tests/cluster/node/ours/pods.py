"""Pods of the tests, and what is done in pods and to them."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.kubectl import Kubectl, Manifest, eventually
from tests.cluster.node.machine import Machine
from tests.cluster.programs import program
from tests.k8s.overlays_of_ours import overlay
from tests.k8s.stores.processes import running, status

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


def pod_of(kubectl: Kubectl, name: str) -> Manifest:
    """The one pod of a workload that is not on its way out."""
    found = kubectl.all("pods", "cbvsynth", f"app.kubernetes.io/name={name}")
    (pod,) = [one for one in found if "deletionTimestamp" not in one["metadata"]]
    return pod


def container_status(pod: Manifest, name: str) -> Manifest:
    """What the kubelet says of a container."""
    status = pod["status"]
    return next(
        one
        for one in [*status.get("initContainerStatuses", []), *status["containerStatuses"]]
        if one["name"] == name
    )


def ended(kubectl: Kubectl, job: str, namespace: str = "kubeflow") -> Manifest:
    """The last pod of a Job that has ended well; the message of a failure has the end of its log."""

    def over() -> bool:
        conditions = kubectl.get("job", job, namespace)["status"].get("conditions", [])
        return any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions)

    eventually(over, job, 900, every_s=2)
    pods = kubectl.all("pods", namespace, f"job-name={job}")
    pod = max(pods, key=lambda one: str(one["metadata"]["creationTimestamp"]))
    log = kubectl("logs", pod["metadata"]["name"], f"--namespace={namespace}")
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert state["exitCode"] == 0, f"{job}: {state.get('message') or ''}\n{log[-3000:]}"
    return pod


def sql(kubectl: Kubectl, statement: str) -> str:
    """What PostgreSQL in its pod says."""
    psql = ("psql", "--username=mlflow", "--dbname=mlflow", "--tuples-only", "--no-align", "--command")
    return kubectl("exec", "postgres-0", "--namespace=cbvsynth", "--", *psql, statement)


def champion_of(kubectl: Kubectl, name: str = "cbvsynth") -> int:
    """Which version of a registered model is the champion, as the registry's tables have it."""
    where = f"name = '{name}' AND alias = 'champion'"
    return int(sql(kubectl, f"SELECT version FROM registered_model_aliases WHERE {where}"))


STORED = """
import boto3, hashlib, json, os
s3 = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
names = [one["Key"] for one in s3.list_objects_v2(Bucket="cbvsynth").get("Contents", [])]
read = (s3.get_object(Bucket="cbvsynth", Key=name)["Body"].read() for name in names)
print(json.dumps({name: hashlib.sha256(one).hexdigest() for name, one in zip(names, read, strict=True)}))
"""


def stored(kubectl: Kubectl) -> dict[str, str]:
    """Digests of what the object store gives the registry's pod, by name."""
    where = ("deployment/mlflow", "--namespace=cbvsynth", "--container=mlflow")
    return dict(json.loads(kubectl("exec", *where, "--", "python", "-c", STORED)))


def kill(node: Machine, workload: str, container: str) -> None:
    """kill -9 of a container's first process; returns when the kubelet has it ready again."""
    before = container_status(pod_of(node.admin, workload), container)
    identity = before["containerID"].removeprefix("containerd://")
    (pid,) = re.findall(rf"^{identity}\s+(\d+)", node.ctr("tasks", "list"), re.MULTILINE)
    os.kill(int(pid), signal.SIGKILL)

    def again() -> bool:
        now = container_status(pod_of(node.admin, workload), container)
        return bool(now["restartCount"] == before["restartCount"] + 1 and now["ready"])

    eventually(again, f"{workload}/{container} is back", 600, every_s=2)


@contextmanager
def forwarded(kubectl: Kubectl, service: str, port: int, path: str, folder: Path) -> Iterator[None]:
    """`kubectl port-forward` to the same port here, as the how-tos type it; the registry refuses another."""
    command = [str(program("kubectl")), f"--kubeconfig={kubectl.kubeconfig}", "--namespace=cbvsynth"]
    command += ["port-forward", f"svc/{service}", f"{port}:{port}"]
    log = folder / f"forward-{port}.log"
    with running(command, os.environ, log, lambda: status(f"http://localhost:{port}{path}") == 200):
        yield
