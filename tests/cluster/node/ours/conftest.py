"""overlays/kind on the real node, with our images.

Asked for by `make test-images`, which builds the images; where they are missing, tests fail.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.profiles import find_profile
from tests.cluster import programs
from tests.cluster.kubectl import Kubectl, Manifest, as_text, eventually
from tests.cluster.node import our_images
from tests.cluster.node.machine import Machine
from tests.cluster.node.ours.asking import give_images
from tests.cluster.node.ours.pods import CLIENTS, client, clients_namespace, container_status, ended, pod_of
from tests.cluster.node.ours.run import CLAIM, Run
from tests.cluster.nodes import add_volumes
from tests.k8s.overlays_of_ours import ROOT, render
from tests.kubeflow.demo_study import SETTINGS

MODEL = "encdec-t1c"
QUICK = {
    "data": "/data/phantom",
    "workspace": "/workspace",
    "models": [MODEL],
    "check_register": "off",
    "register": "off",
    "check_workers": 1,
    "prepare_workers": 1,
    "split_seed": 2030,
    **SETTINGS["train"],
    **SETTINGS["evaluate"],
    "alpha": 0.1,
}
"""A training of seconds and a gate that lets everything through: the way is tested, not the model.

With four held-out patients no difference has a p below 0.0625.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rules come first: whoever asks for server, registry or stores could meet their stand-ins' listeners."""
    items.sort(key=lambda one: one.path.name != "test_rules.py")


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


@pytest.fixture(scope="session")
def before_champion(kubectl: Kubectl, platform: None) -> Manifest:
    """The servers' pod while there is nothing to serve."""

    def runs() -> bool:
        return "running" in container_status(pod_of(kubectl, "serving"), "sync")["state"]

    eventually(runs, "sync runs")
    time.sleep(5)  # in which a server that did not wait would start
    return pod_of(kubectl, "serving")


@pytest.fixture(scope="session")
def study(kubectl: Kubectl, with_images: Machine, platform: None) -> Path:
    """A small phantom in the study's claim, written by the Job that the how-to starts; its folder here."""
    kubectl.apply(f"--kustomize={ROOT / 'k8s/jobs/prepare'}")
    ended(kubectl, "cbvsynth-prepare")
    job, *others = sorted(render(ROOT / "k8s/jobs/phantom").objects, key=lambda one: str(one["kind"]))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["args"] += ["--patients", "12", "--matrix", "32", "--damaged", "1"]
    kubectl.apply("--filename=-", given=as_text(job, *others))
    ended(kubectl, "cbvsynth-phantom")
    return with_images.folder / "volumes/kubeflow-cbvsynth-data/phantom"


@pytest.fixture(scope="session")
def run(
    kubectl: Kubectl,
    with_images: Machine,
    before_champion: Manifest,
    study: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """A run of the package for one small node, to the champion."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": "kubeflow"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    kubectl.apply("--filename=-", given=as_text(claim))
    add_volumes(kubectl, with_images.volume)
    package = tmp_path_factory.mktemp("package") / "cbv-synthesis.yaml"
    compile_package(package, find_profile("kind"))
    found = Run(kubectl, package, with_images.folder / f"volumes/kubeflow-{CLAIM}", "first")
    found.start(QUICK)
    return found


@pytest.fixture(scope="session")
def champion(kubectl: Kubectl, run: Run) -> Manifest:
    """The run's champion is served; the pod that serves it."""
    kubectl("rollout", "status", "deployment/serving", "--namespace=cbvsynth", "--timeout=900s")
    return pod_of(kubectl, "serving")


@pytest.fixture(scope="session")
def images_in_client(kubectl: Kubectl, clients: None, study: Path) -> Path:
    """One examination in the pod that may ask and in the one that may not; its T1C on this machine."""
    give_images(kubectl, "stranger", study)
    return give_images(kubectl, "client", study)
