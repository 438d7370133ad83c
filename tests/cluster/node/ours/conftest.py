"""overlays/kind on the real node, with our images.

Asked for by `make test-images`, which builds the images; where they are missing, tests fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cluster import programs
from tests.cluster.kubectl import Kubectl, as_text, eventually
from tests.cluster.node import our_images
from tests.cluster.node.machine import Machine
from tests.cluster.node.ours.pods import CLIENTS, client, clients_namespace
from tests.cluster.nodes import add_volumes
from tests.k8s.overlays_of_ours import ROOT


@pytest.fixture(scope="session")
def with_images(node: Machine) -> Iterator[Machine]:
    """The node, with our images and what stands in for other projects'."""
    with pytest.MonkeyPatch.context() as patch:
        # What renders here is the kubectl that applies.
        patch.setenv("PATH", f"{programs.cache() / 'bin'}{os.pathsep}{os.environ['PATH']}")
        if lacks := our_images.missing():
            pytest.fail(f"no image {', '.join(lacks)}; `make test-images` builds them")
        node.load(our_images.wanted())
        yield node


@pytest.fixture(scope="session")
def applied(kubectl: Kubectl, with_images: Machine) -> None:
    """overlays/kind as the how-to applies it."""
    named = ({"name": name} for name in ("kubeflow", "monitoring"))
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": one} for one in named]
    kubectl.apply("--filename=-", given=as_text(*spaces))
    kubectl.apply(f"--kustomize={ROOT / 'k8s/overlays/kind'}")
    eventually(lambda: len(kubectl.all("persistentvolumeclaims")) >= 5, "claims")
    add_volumes(kubectl, with_images.volume)


@pytest.fixture(scope="session")
def platform(kubectl: Kubectl, applied: None) -> None:
    """A registry that runs, and nothing to serve."""
    where = ("--namespace=cbvsynth", "--timeout=900s")
    kubectl("wait", "--for=condition=complete", "job/make-bucket", *where)
    kubectl("rollout", "status", "deployment/mlflow", *where)


@pytest.fixture(scope="session")
def clients(kubectl: Kubectl, applied: None) -> None:
    """Pods that may ask for predictions, and one that may not."""
    pods = [clients_namespace(), client("client", allowed=True), client("stranger", allowed=False)]
    kubectl.apply("--filename=-", given=as_text(*pods))
    names = ("pod/client", "pod/stranger")
    kubectl("wait", "--for=condition=Ready", *names, f"--namespace={CLIENTS}", "--timeout=600s")
