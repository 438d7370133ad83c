"""What an overlay renders to, and how rules look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

NAMESPACE = "cbvsynth"
"""Namespace of registry and servers."""
RUNS_NAMESPACE = "kubeflow"
"""Namespace of pipeline runs."""
ENVIRONMENT = "cbvsynth.io/environment"
"""Label of the namespace: development, staging or production; rules are strictest for the last."""

_TEMPLATES = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "DaemonSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}
_PREDICTOR = "InferenceService"


@dataclass(frozen=True)
class Workload:
    """An object that makes pods."""

    kind: str
    name: str
    namespace: str
    spec: Manifest
    labels: dict[str, str]
    """Labels of its pods."""
    pod: Manifest
    """Specification of its pods."""

    @property
    def called(self) -> str:
        """How a message names it."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def containers(self) -> list[Manifest]:
        """All containers, those that start before the others included."""
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def is_server(self) -> bool:
        """Whether it runs until it is stopped."""
        return self.kind in ("Deployment", "StatefulSet", "DaemonSet", _PREDICTOR)

    def ports(self) -> dict[str, int]:
        """Its named ports."""
        return {
            port["name"]: port["containerPort"]
            for container in self.containers
            for port in container.get("ports", [])
        }


@dataclass(frozen=True)
class Cluster:
    """All objects of one rendered overlay."""

    objects: tuple[Manifest, ...]

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """Objects of some kinds."""
        return (one for one in self.objects if one["kind"] in kinds)

    def has(self, kind: str, namespace: str, name: str) -> bool:
        """Whether there is such an object."""
        return any(
            one["kind"] == kind
            and one["metadata"].get("namespace", "") == namespace
            and one["metadata"]["name"] == name
            for one in self.objects
        )

    def workloads(self, namespace: str = "") -> list[Workload]:
        """Everything that makes pods, in a namespace or everywhere."""
        found = [workload_of(one) for one in self.objects if one["kind"] in (*_TEMPLATES, _PREDICTOR)]
        return [one for one in found if namespace in ("", one.namespace)]

    @property
    def environment(self) -> str:
        """The environment that the namespace is labelled with; production where it has no label."""
        for one in self.of_kind("Namespace"):
            if one["metadata"]["name"] == NAMESPACE:
                return str(one["metadata"].get("labels", {}).get(ENVIRONMENT, "production"))
        return "production"


def workload_of(manifest: Manifest) -> Workload:
    """The workload of a Deployment, StatefulSet, DaemonSet, Job, CronJob or InferenceService."""
    template = manifest["spec"]
    if manifest["kind"] == _PREDICTOR:
        template = {"metadata": {"labels": template["predictor"]["labels"]}, "spec": template["predictor"]}
    for key in _TEMPLATES.get(manifest["kind"], ()):
        template = template[key]
    metadata = manifest["metadata"]
    return Workload(
        manifest["kind"],
        metadata["name"],
        metadata.get("namespace", ""),
        manifest["spec"],
        template.get("metadata", {}).get("labels", {}),
        template["spec"],
    )


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector, with matchLabels and matchExpressions, matches these labels."""
    wanted = selector.get("matchLabels", {}).items()
    if not wanted <= labels.items():
        return False
    return all(_fits(one, labels) for one in selector.get("matchExpressions", []))


def _fits(expression: Manifest, labels: dict[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values", [])
    return {
        "Exists": value is not None,
        "DoesNotExist": value is None,
        "In": value in values,
        "NotIn": value not in values,
    }[expression["operator"]]


def called(manifest: Manifest) -> str:
    """How a message names an object."""
    metadata = manifest["metadata"]
    return f"{manifest['kind']} {metadata.get('namespace', '-')}/{metadata['name']}"
