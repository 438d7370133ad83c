"""What a real API server refuses in our namespaces: the other side of overlays that are taken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from cbvsynth.k8s.cluster import Cluster
from tests.cluster.conftest import applied
from tests.cluster.control_plane import ControlPlane
from tests.cluster.kubectl import APPLY, Kubectl, Manifest, as_text, eventually
from tests.k8s.overlays_of_ours import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def staging(kubectl: Kubectl) -> Iterator[Cluster]:
    """The overlay for a shared cluster, without GPUs."""
    with applied(kubectl, ROOT / "k8s/overlays/staging") as objects:
        kubectl("get", "serviceaccount", "default", "--namespace=kubeflow")
        eventually(
            lambda: kubectl.get("resourcequota", "cbvsynth-runs", "kubeflow").get("status"), "the quota"
        )
        yield objects


def pod_of(objects: Cluster, workload: str) -> Manifest:
    """A pod as a workload makes it, which is admitted."""
    found = next(one for one in objects.workloads("cbvsynth") if one.name == workload)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", "namespace": "cbvsynth"},
        "spec": copy.deepcopy(found.pod),
    }


@dataclass(frozen=True)
class Mistake:
    """A change of MLflow's pod, and what the API server says of it."""

    title: str
    change: Callable[[Manifest], object]
    says: str


def _confined(pod: Manifest) -> Manifest:
    return dict(pod["spec"]["containers"][0])["securityContext"]


MISTAKES = (
    Mistake(
        "privileged",
        lambda pod: _confined(pod).update(privileged=True, allowPrivilegeEscalation=True),
        "violates PodSecurity",
    ),
    Mistake("root", lambda pod: pod["spec"]["securityContext"].update(runAsUser=0), "runAsUser=0"),
    Mistake("the node's network", lambda pod: pod["spec"].update(hostNetwork=True), "host namespaces"),
    Mistake("more capabilities", lambda pod: _confined(pod).pop("capabilities"), "unrestricted capabilities"),
    Mistake(
        "the node's disk",
        lambda pod: pod["spec"]["volumes"].append({"name": "disk", "hostPath": {"path": "/"}}),
        "restricted volume types",
    ),
    Mistake(
        "no seccomp profile",
        lambda pod: pod["spec"]["securityContext"].pop("seccompProfile"),
        "seccompProfile",
    ),
    Mistake(
        "an account that nobody has", lambda pod: pod["spec"].update(serviceAccountName="nobody"), "not found"
    ),
    Mistake(
        "a mount without a volume",
        lambda pod: pod["spec"].update(volumes=[]),
        "volumeMounts[0].name: Not found",
    ),
    Mistake("a word that is no field", lambda pod: pod["spec"].update(restart="Never"), "unknown field"),
    Mistake(
        "a quantity that is none",
        lambda pod: pod["spec"]["containers"][0]["resources"]["limits"].update(memory="3 GB"),
        "quantities must match",
    ),
)


def test_the_pod_without_a_mistake_is_admitted(kubectl: Kubectl, staging: Cluster) -> None:
    kubectl.apply("--dry-run=server", "--filename=-", given=as_text(pod_of(staging, "mlflow")))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.title)
def test_a_pod_with_a_mistake_is_refused(kubectl: Kubectl, staging: Cluster, mistake: Mistake) -> None:
    pod = pod_of(staging, "mlflow")
    mistake.change(pod)
    assert mistake.says in kubectl.refused(*APPLY, "--dry-run=server", "--filename=-", given=as_text(pod))


def test_a_template_of_a_privileged_pod_is_a_warning_and_so_a_failure(
    kubectl: Kubectl, staging: Cluster
) -> None:
    """Pod Security only warns of templates: without warnings as failures a clean apply would prove little."""
    (template,) = (
        copy.deepcopy(one) for one in staging.of_kind("Deployment") if one["metadata"]["name"] == "mlflow"
    )
    template["metadata"]["name"] = "privileged"
    template["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    said = kubectl.refused(*APPLY, "--dry-run=server", "--filename=-", given=as_text(template))
    assert "would violate PodSecurity" in said
    assert "1 warning received" in said


@pytest.mark.parametrize(
    ("kind", "field", "says"),
    [
        ("ExternalSecret", "refreshEvery", "unknown field"),
        ("PodMonitor", "endpoints", "unknown field"),
        ("PrometheusRule", "rules", "unknown field"),
        ("NetworkPolicy", "podSelectors", "unknown field"),
        ("HorizontalPodAutoscaler", "target", "unknown field"),
    ],
)
def test_a_wrong_field_is_refused_in_our_kinds_and_in_others(
    kubectl: Kubectl, staging: Cluster, kind: str, field: str, says: str
) -> None:
    wrong = copy.deepcopy(next(staging.of_kind(kind)))
    wrong["spec"][field] = "1h"
    assert says in kubectl.refused(*APPLY, "--dry-run=server", "--filename=-", given=as_text(wrong))


def of_a_run(name: str, **resources: dict[str, str]) -> str:
    """A pod of a run that asks for this much."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "kubeflow"},
        "spec": {"containers": [{"name": "main", "image": "cbvsynth", "resources": resources}]},
    }
    return as_text(pod)


def test_a_pod_that_names_no_resources_gets_the_limit_ranges(kubectl: Kubectl, staging: Cluster) -> None:
    found = kubectl("create", "--dry-run=server", "--output=json", "--filename=-", given=of_a_run("bare"))
    (container,) = json.loads(found)["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"memory": "2Gi"},
    }


def test_without_the_limit_range_the_quota_refuses_that_pod(kubectl: Kubectl, staging: Cluster) -> None:
    """A ResourceQuota needs a LimitRange beside it, or pods that name nothing never start."""
    (limits,) = staging.of_kind("LimitRange")
    kubectl("delete", "limitrange", "cbvsynth-runs", "--namespace=kubeflow")
    try:
        eventually(
            lambda: (
                "must specify requests.cpu"
                in kubectl.refused("create", "--dry-run=server", "--filename=-", given=of_a_run("bare"))
            ),
            "the API server forgets the limits",
        )
    finally:
        kubectl.apply("--filename=-", given=as_text(limits))


@pytest.mark.parametrize(
    ("resource", "amount"), [("cpu", "65"), ("memory", "257Gi"), ("nvidia.com/gpu", "1")]
)
def test_a_run_that_wants_more_than_the_quota_is_refused(
    kubectl: Kubectl, staging: Cluster, resource: str, amount: str
) -> None:
    asked = {"requests": {"memory": "1Gi", resource: amount}, "limits": {"memory": "2Gi", resource: amount}}
    said = kubectl.refused("create", "--dry-run=server", "--filename=-", given=of_a_run("greedy", **asked))
    assert f"exceeded quota: cbvsynth-runs, requested: requests.{resource}={amount}" in said


def may(kubectl: Kubectl, verb: str, group: str, resource: str, name: str) -> bool:
    """Whether the account of runs may do something, by the API server's own review."""
    resource, _, part = resource.partition("/")
    what = {"verb": verb, "group": group, "resource": resource, "subresource": part, "name": name}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "system:serviceaccount:kubeflow:cbvsynth-runner",
            "resourceAttributes": {**what, "namespace": "kubeflow"},
        },
    }
    answer = kubectl("create", "--filename=-", "--output=json", given=json.dumps(review))
    return bool(json.loads(answer)["status"]["allowed"])


@pytest.mark.parametrize(
    "what",
    [
        ("get", "", "configmaps", "kfp-launcher"),
        ("get", "", "secrets", "mlpipeline-minio-artifact"),
        ("get", "", "pods", "any"),
        ("create", "argoproj.io", "workflowtaskresults", ""),
        ("patch", "argoproj.io", "workflowtaskresults", "any"),
    ],
    ids=" ".join,
)
def test_a_run_may_do_what_it_must(kubectl: Kubectl, staging: Cluster, what: tuple[str, ...]) -> None:
    assert may(kubectl, *what)


@pytest.mark.parametrize(
    "what",
    [
        ("list", "", "secrets", ""),
        ("get", "", "secrets", "cbvsynth-pseudonym-key"),
        ("get", "", "configmaps", "any"),
        ("create", "", "pods", ""),
        ("create", "", "pods/exec", "any"),
        ("delete", "", "pods", "any"),
        ("create", "argoproj.io", "workflows", ""),
    ],
    ids=" ".join,
)
def test_a_run_may_do_nothing_else(kubectl: Kubectl, staging: Cluster, what: tuple[str, ...]) -> None:
    assert not may(kubectl, *what)


def test_nobody_with_a_wrong_token_learns_anything(cluster: ControlPlane, staging: Cluster) -> None:
    stranger = Kubectl(cluster.folder / "stranger.kubeconfig")
    config = json.loads((cluster.folder / "admin.kubeconfig").read_text())
    config["users"][0]["user"] = {"token": "wrong"}
    stranger.kubeconfig.write_text(json.dumps(config))
    assert "Unauthorized" in stranger.refused("get", "secrets", "--namespace=cbvsynth")
