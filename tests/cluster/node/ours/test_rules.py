"""Network rules, held by a plug-in: who is not named gets no answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.kubectl import Kubectl, as_text, eventually
from tests.cluster.node.ours.pods import CLIENTS, listener, reaches

pytestmark = [pytest.mark.images, pytest.mark.slow, pytest.mark.usefixtures("clients")]
CLIENT, STRANGER = f"client.{CLIENTS}", f"stranger.{CLIENTS}"
SERVICE = "serving-pods.cbvsynth"


@pytest.fixture(scope="module")
def address(kubectl: Kubectl, clients: None) -> Iterator[str]:
    """Of a pod that listens in the servers' place, as long as they have no champion."""
    kubectl.apply("--filename=-", given=as_text(listener("listener", "serving", (8500, 8501, 9500))))
    kubectl("wait", "--for=condition=Ready", "pod/listener", "--namespace=cbvsynth", "--timeout=600s")
    found = str(kubectl.get("pod", "listener", "cbvsynth")["status"]["podIP"])
    eventually(lambda: reaches(kubectl, CLIENT, found, 8500), "the rule is in force", 240, every_s=2)
    yield found
    kubectl("delete", "pod", "listener", "--namespace=cbvsynth", "--now")


def test_only_a_pod_with_the_label_gets_an_answer(kubectl: Kubectl, address: str) -> None:
    """By the name that the how-to gives, and by the pod's own address."""
    for host in (SERVICE, address):
        assert reaches(kubectl, CLIENT, host, 8500)
        assert not reaches(kubectl, STRANGER, host, 8500)


def test_clients_reach_the_port_of_grpc_and_nothing_else(kubectl: Kubectl, address: str) -> None:
    """The REST port and sync's are for probes and Prometheus."""
    assert not reaches(kubectl, CLIENT, address, 8501)
    assert not reaches(kubectl, CLIENT, address, 9500)


def test_the_namespace_s_permission_can_be_taken_away(kubectl: Kubectl, address: str) -> None:
    kubectl("label", "namespace", CLIENTS, "cbvsynth.io/prediction-clients-")
    try:
        eventually(lambda: not reaches(kubectl, CLIENT, address, 8500), "it is taken away", 240)
    finally:
        kubectl("label", "namespace", CLIENTS, "cbvsynth.io/prediction-clients=allowed")
    eventually(lambda: reaches(kubectl, CLIENT, address, 8500), "it is given back", 240)


def test_stores_and_registry_answer_whom_they_are_for(kubectl: Kubectl, address: str) -> None:
    """Servers ask the registry, the registry asks its stores; a client gets no answer of any."""
    ports = {"mlflow": 5000, "postgres": 5432, "s3": 8333}
    pods = [listener(f"as-{name}", name, (port,)) for name, port in ports.items()]
    names = [f"pod/as-{name}" for name in ports]
    kubectl.apply("--filename=-", given=as_text(*pods))
    kubectl("wait", "--for=condition=Ready", *names, "--namespace=cbvsynth", "--timeout=600s")
    for name, port in ports.items():
        found = str(kubectl.get("pod", f"as-{name}", "cbvsynth")["status"]["podIP"])
        allowed = "listener.cbvsynth" if name == "mlflow" else "as-mlflow.cbvsynth"
        eventually(lambda at=found, of=port, by=allowed: reaches(kubectl, by, at, of), name, 240, every_s=2)
        assert not reaches(kubectl, CLIENT, found, port), name
    kubectl("delete", *names, "--namespace=cbvsynth", "--now")
