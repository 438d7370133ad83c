"""Containers on a real node: names through a Service, logs, and what kill -9 ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import struct

import pytest

from tests.cluster.kubectl import Kubectl, Manifest, eventually
from tests.cluster.node.machine import NAME, NAMES, Machine

pytestmark = [pytest.mark.node, pytest.mark.slow]


def test_a_service_is_found_by_its_name(kubectl: Kubectl) -> None:
    """The question goes through kube-proxy's rules to CoreDNS in its pod, which asks the API server."""
    eventually(lambda: address_of("kube-dns.kube-system.svc.cluster.local") == NAMES, "kube-proxy's rules")
    assert address_of("kubernetes.default.svc.cluster.local") == "10.96.0.1"


def test_the_kubelet_says_what_runs_and_what_it_wrote(kubectl: Kubectl) -> None:
    pod = _coredns(kubectl)
    assert pod["spec"]["nodeName"] == NAME
    assert pod["status"]["podIP"].startswith("10.244.0.")
    assert "CoreDNS-" in kubectl("logs", pod["metadata"]["name"], "--namespace=kube-system")


def test_a_killed_container_comes_back_in_its_pod(node: Machine, kubectl: Kubectl) -> None:
    """kill -9 of its first process, as the kernel ends one that takes too much."""
    before = _coredns(kubectl)
    (status,) = before["status"]["containerStatuses"]
    identity = status["containerID"].removeprefix("containerd://")
    (pid,) = re.findall(rf"^{identity}\s+(\d+)", node.ctr("tasks", "list"), re.MULTILINE)
    os.kill(int(pid), signal.SIGKILL)

    def again() -> bool:
        (now,) = _coredns(kubectl)["status"]["containerStatuses"]
        return bool(now["restartCount"] == status["restartCount"] + 1 and now["ready"])

    eventually(again, "CoreDNS is back")
    assert _coredns(kubectl)["metadata"]["uid"] == before["metadata"]["uid"]
    eventually(lambda: address_of("kube-dns.kube-system.svc.cluster.local") == NAMES, "it answers again")


def address_of(name: str) -> str:
    """What the cluster's own names say, asked by hand: the machine's resolver knows nothing of them."""
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    question = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(5)
        try:
            asked.sendto(question, (NAMES, 53))
            answer = asked.recv(4096)
        except OSError as error:  # a Service without a ready pod is refused or not answered
            return str(error)
    return socket.inet_ntoa(answer[-4:])


def _coredns(kubectl: Kubectl) -> Manifest:
    (pod,) = kubectl.all("pods", "kube-system", "k8s-app=kube-dns")
    return pod
