"""A laptop's cluster: one node of 2 processors and 4 GiB, with room for everything that its how-to starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.profiles import find_profile
from tests.cluster.conftest import applied
from tests.cluster.kubectl import Kubectl, as_text, eventually
from tests.cluster.nodes import add_nodes, add_volumes, node
from tests.cluster.steps import jobs_of
from tests.k8s.overlays_of_ours import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for one small node."""
    path = tmp_path_factory.mktemp("package") / "cbv-synthesis.yaml"
    compile_package(path, find_profile("kind"))
    return path


@pytest.fixture(scope="module")
def laptop(kubectl: Kubectl) -> Iterator[None]:
    """The overlay for a laptop on one node of 2 processors and 4 GiB, with everything running."""
    with applied(kubectl, ROOT / "k8s/overlays/kind"):
        add_nodes(kubectl, node("laptop", cpu="2", memory="4Gi"))
        eventually(lambda: len(kubectl.all("persistentvolumeclaims")) >= 5, "claims")
        add_volumes(kubectl)
        for name in ("deployment/mlflow", "deployment/serving", "statefulset/postgres", "statefulset/s3"):
            kubectl("rollout", "status", name, "--namespace=cbvsynth", "--timeout=120s")
        yield


def test_a_small_node_has_room_for_every_task(kubectl: Kubectl, laptop: None, small: Path) -> None:
    """Two processors asked for by every task were more than a laptop's node has left: none ever started."""
    for one in jobs_of(small, "kubeflow"):
        kubectl.apply("--filename=-", given=as_text(one))
        name = f"job/{one['metadata']['name']}"
        kubectl("wait", "--for=condition=Complete", "--namespace=kubeflow", "--timeout=60s", name)


def test_the_committed_package_has_no_room_there(kubectl: Kubectl, laptop: None) -> None:
    """Negative control, and what a person sees."""
    jobs = {
        one["metadata"]["name"]: one for one in jobs_of(ROOT / "pipelines/cbv-synthesis.yaml", "kubeflow")
    }
    plan = jobs["run-plan"]
    plan["metadata"]["name"] = "run-large"
    kubectl.apply("--filename=-", given=as_text(plan))

    def is_told() -> bool:
        (pod,) = kubectl.all("pods", "kubeflow", "job-name=run-large")
        return any("Insufficient" in one.get("message", "") for one in pod["status"].get("conditions", []))

    eventually(is_told, "the scheduler's reason")


@pytest.mark.parametrize("name", ["prepare", "phantom", "study"])
def test_the_jobs_beside_an_overlay_get_their_pod(kubectl: Kubectl, laptop: None, name: str) -> None:
    kubectl.apply(f"--kustomize={ROOT / 'k8s/jobs' / name}")
    job = f"job/cbvsynth-{name}"
    kubectl("wait", "--for=condition=Complete", "--namespace=kubeflow", "--timeout=60s", job)


def test_a_search_over_hyper_parameters_is_taken(kubectl: Kubectl, laptop: None) -> None:
    assert len(kubectl.apply(f"--kustomize={ROOT / 'k8s/katib'}")) == 1


def test_a_profiles_namespace_takes_what_runs_need_and_their_pods(
    kubectl: Kubectl, laptop: None, small: Path
) -> None:
    theirs = "kubeflow-user-example-com"
    kubectl("create", "namespace", theirs)
    try:
        kubectl.apply(f"--kustomize={ROOT / 'k8s/profile'}")
        eventually(lambda: kubectl.all("persistentvolumeclaims", theirs), "claims")
        add_volumes(kubectl)
        plan = next(one for one in jobs_of(small, theirs) if one["metadata"]["name"] == "run-plan")
        kubectl.apply("--filename=-", given=as_text(plan))
        kubectl("wait", "--for=condition=Complete", "--namespace", theirs, "--timeout=60s", "job/run-plan")
    finally:
        kubectl("delete", "namespace", theirs, "--timeout=120s")
