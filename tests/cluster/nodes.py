"""Nodes that run nothing: what controllers and scheduler do is real, what a kubelet would say is played.

A pod on such a node becomes ready, a pod of a Job succeeds, a pod that is deleted goes.
"""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.cluster.kubectl import Kubectl, Manifest, as_text

_PATCH = "application/strategic-merge-patch+json"


@contextmanager
def kubelets(cluster: ControlPlane) -> Iterator[None]:
    """Play the kubelets of all nodes until the block ends."""
    api, stopped = _Api.of(cluster), threading.Event()
    thread = threading.Thread(target=_play, args=(api, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(30)


@dataclass(frozen=True)
class _Api:
    """The API server, asked directly: a kubectl a pod would be slow."""

    address: str
    token: str
    trusted: ssl.SSLContext

    @classmethod
    def of(cls, cluster: ControlPlane) -> _Api:
        trusted = ssl.create_default_context(cafile=cluster.folder / "certificates/apiserver.crt")
        token = (cluster.folder / "admin.token").read_text()
        return cls(f"https://127.0.0.1:{cluster.port}", token, trusted)

    def __call__(self, method: str, path: str, body: Manifest | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        headers["Content-Type"] = _PATCH if method == "PATCH" else "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.trusted) as reply:
            return json.load(reply)


def _play(api: _Api, stopped: threading.Event) -> None:
    addresses = (f"10.244.{number // 250}.{number % 250 + 1}" for number in count())
    while not stopped.wait(0.5):
        for pod in api("GET", "/api/v1/pods?fieldSelector=spec.nodeName!=")["items"]:
            try:
                _play_one(api, pod, addresses)
            except urllib.error.HTTPError as error:
                # Gone or changed meanwhile: the next look sees it as it is.
                if error.code not in (404, 409):
                    raise


def _play_one(api: _Api, pod: Manifest, addresses: Iterator[str]) -> None:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    if "deletionTimestamp" in metadata:
        api("DELETE", f"{path}?gracePeriodSeconds=0")
    elif pod["status"]["phase"] == "Pending":
        api("PATCH", f"{path}/status", {"status": _status(pod, next(addresses))})


def _status(pod: Manifest, address: str) -> Manifest:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    owners = pod["metadata"].get("ownerReferences", [])
    ends = any(one["kind"] == "Job" for one in owners)
    running = {"running": {"startedAt": now}}
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}

    def said(container: Manifest, state: Manifest) -> Manifest:
        common = {"restartCount": 0, "image": container["image"], "imageID": ""}
        up = state is running
        return {**common, "name": container["name"], "ready": up, "started": up, "state": state}

    first = [
        said(one, running if one.get("restartPolicy") == "Always" and not ends else ended)
        for one in pod["spec"].get("initContainers", [])
    ]
    ready = {"status": "False" if ends else "True", "lastTransitionTime": now}
    return {
        "phase": "Succeeded" if ends else "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": kind, **ready} for kind in ("Ready", "ContainersReady")],
        "initContainerStatuses": first,
        "containerStatuses": [said(one, ended if ends else running) for one in pod["spec"]["containers"]],
    }


def node(name: str, zone: str = "a", cpu: str = "8", memory: str = "32Gi", **more: str) -> Manifest:
    """A node with so much to give."""
    resources = {"cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "200Gi", **more}
    labels = {
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/os": "linux",
    }
    if "nvidia.com/gpu" in more:
        labels["nvidia.com/gpu.present"] = "true"
    ready = {"type": "Ready", "status": "True", "reason": "Played", "message": ""}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": resources, "allocatable": resources, "conditions": [ready]},
    }


def add_nodes(kubectl: Kubectl, *nodes: Manifest) -> None:
    """Put nodes into the cluster, ready from the beginning."""
    kubectl("create", "--filename=-", given=as_text(*nodes))
    names = [f"node/{one['metadata']['name']}" for one in nodes]
    kubectl("wait", "--for=condition=Ready", "--timeout=120s", *names)


def nowhere(name: str, _claim: Manifest) -> Manifest:
    """Where a played node keeps a volume."""
    return {"hostPath": {"path": f"/nowhere/{name}"}}


def add_volumes(kubectl: Kubectl, place: Callable[[str, Manifest], Manifest] = nowhere) -> None:
    """A volume for every claim that waits for one, as a storage class's provisioner would make it."""
    volumes = []
    there = {one["metadata"]["name"] for one in kubectl.all("persistentvolumes")}
    for claim in kubectl.all("persistentvolumeclaims"):
        metadata, spec = claim["metadata"], claim["spec"]
        named = f"{metadata['namespace']}-{metadata['name']}"
        if named in there:
            continue
        volumes.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": named},
                "spec": {
                    "capacity": spec["resources"]["requests"],
                    "accessModes": spec["accessModes"],
                    "persistentVolumeReclaimPolicy": "Retain",
                    **place(named, claim),
                    "claimRef": {"name": metadata["name"], "namespace": metadata["namespace"]},
                },
            }
        )
    if volumes:
        kubectl("create", "--filename=-", given=as_text(*volumes))
