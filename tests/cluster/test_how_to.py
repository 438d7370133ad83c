"""docs/how-to/kubernetes-kind.md: its commands are typed here, but for those that need more."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import emptied
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.nodes import add_nodes, add_volumes, node
from tests.cluster.programs import program
from tests.k8s.overlays_of_ours import ROOT

PAGE = ROOT / "docs/how-to/kubernetes-kind.md"

NOT_TYPED = {
    "make images": "builds images, which takes a container engine",
    "kind create": "a node in Docker",
    "kind load": "that node",
    "kind delete": "that node",
    "docker ": "images from a public registry",
    "kubectl apply -f https://": "a file from the network",
    "kubectl -n kube-system patch deployment metrics-server": "what that file made",
    'kubectl apply -k "github.com': "Kubeflow's manifests, from the network",
    "kubectl wait --for condition=established": "Kubeflow's own resources",
    "kubectl apply -k k8s/kfp": "Kubeflow's manifests, from the network",
    "kubectl -n kubeflow wait --for=condition=available": "Kubeflow's own servers",
    "port-forward": "goes through a kubelet, and nodes are played here",
    "logs": "as port-forward",
    "cbvsynth pipeline submit": "Kubeflow's API",
    "MLFLOW_TRACKING_URI=": "a registry that answers",
    "cbvsynth predict": "a server that answers",
}
"""Commands by a part of them, and what they need that is not here."""


def commands() -> list[str]:
    """Every command of the page, in its order."""
    text = PAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    inline = re.findall(r"`(kubectl (?:apply|create) [^`]+)`", text)
    return [line for block in found for line in block.split("  #")[0].strip().split(" && ")] + inline


def typed() -> list[str]:
    """Those that are typed here."""
    return [one for one in commands() if not any(part in one for part in NOT_TYPED)]


def test_a_command_that_is_not_typed_is_on_the_page() -> None:
    """Without a control plane, so that the list is held by every run of the tests."""
    for part in NOT_TYPED:
        assert any(part in one for one in commands()), part
    assert len(typed()) >= 9
    assert len({one for one in typed() if one.startswith("kubectl")}) >= 8


@pytest.fixture
def laptop(kubectl: Kubectl) -> Iterator[None]:
    """An empty cluster with one node."""
    add_nodes(kubectl, node("laptop", cpu="4", memory="8Gi"))
    with emptied(kubectl):
        yield


@pytest.mark.cluster
@pytest.mark.slow
def test_the_pages_commands_do_what_they_say(kubectl: Kubectl, laptop: None, tmp_path: Path) -> None:
    own = {
        "KUBECONFIG": str(kubectl.kubeconfig),
        "PATH": f"{program('kubectl').parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    # The namespace stands on the page as what to do without Kubeflow, so it comes first here.
    for command in sorted(typed(), key=lambda one: "create namespace" not in one):
        words = command.replace("/tmp/", f"{tmp_path}/").replace("--timeout=30m", "--timeout=60s")
        done = subprocess.run(
            ["bash", "-euc", words],
            cwd=ROOT,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"{command}\n{done.stdout}{done.stderr}")
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert "Warning" not in done.stderr, f"{command}: {done.stderr}"
        if "apply -k k8s/overlays/kind" in command:
            eventually(lambda: len(kubectl.all("persistentvolumeclaims")) >= 5, "claims")
            add_volumes(kubectl)
