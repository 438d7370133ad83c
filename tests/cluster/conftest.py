"""One control plane for all tests of this room, and overlays applied to it one after the other.

Asked for by `make test-cluster`, which builds the programs first; where they are missing, tests fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cbvsynth.k8s.cluster import Cluster
from tests.cluster import definitions, programs
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.nodes import kubelets
from tests.k8s.overlays_of_ours import render

OURS = ("cbvsynth", "kubeflow", "monitoring")


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """A control plane that knows the custom resources, and plays the nodes that tests add."""
    lacks = [*programs.missing(), *definitions.missing()]
    if lacks:
        pytest.fail(f"{', '.join(lacks)} not in {programs.cache()}; `make test-cluster` builds them")
    with pytest.MonkeyPatch.context() as patch, control_plane() as running:
        # What renders here is the kubectl that applies.
        patch.setenv("PATH", f"{programs.cache() / 'bin'}{os.pathsep}{os.environ['PATH']}")
        for one in definitions.PUBLISHED:
            folder = definitions.folder_of(one)
            running.admin("apply", "--server-side", *(f"--filename={folder / name}" for name in one.files))
        eventually(lambda: _all_established(running.admin), "custom resources")
        with kubelets(running):
            yield running
    assert not running.folder.exists()
    assert [pid for pid in running.processes if _alive(pid)] == []


def _all_established(kubectl: Kubectl) -> bool:
    return all(
        any(each["type"] == "Established" for each in one["status"].get("conditions") or [])
        for one in kubectl.all("customresourcedefinitions")
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="session")
def kubectl(cluster: ControlPlane) -> Kubectl:
    """The administrator's."""
    return cluster.admin


@contextmanager
def applied(kubectl: Kubectl, folder: Path) -> Iterator[Cluster]:
    """An overlay on a cluster that has nothing else of ours; all goes when the block ends."""
    with emptied(kubectl):
        for name in OURS[1:]:
            kubectl("create", "namespace", name)
        kubectl.apply(f"--kustomize={folder}")
        yield render(folder)


@contextmanager
def emptied(kubectl: Kubectl) -> Iterator[None]:
    """Take everything of ours away in the end; pods before their nodes, or nobody would end them."""
    try:
        yield
    finally:
        kubectl("delete", "namespaces", *OURS, "--ignore-not-found", "--timeout=180s")
        kubectl("delete", "nodes,persistentvolumes,clusterqueues,resourceflavors", "--all", "--timeout=60s")


def ready_endpoints(kubectl: Kubectl, service: str, namespace: str = "cbvsynth") -> dict[int, set[str]]:
    """Addresses of ready pods behind a Service, by port."""
    found: dict[int, set[str]] = {}
    for piece in kubectl.all("endpointslices", namespace, f"kubernetes.io/service-name={service}"):
        ready = {
            address
            for one in piece["endpoints"] or []
            for address in one["addresses"]
            if one["conditions"].get("ready")
        }
        for port in piece["ports"] or []:
            found.setdefault(port["port"], set()).update(ready)
    return found
