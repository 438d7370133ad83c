"""Mistakes that people make in manifests, each planted in a rendered overlay that is otherwise right."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from cbvsynth.k8s.cluster import Cluster, Manifest, workload_of

Objects = list[Manifest]


@dataclass(frozen=True)
class Mistake:
    """What is done wrong, and the rule that must say so.

    rule: name of a rule in src/cbvsynth/k8s/rules.
    says: words of the rule's message.
    """

    title: str
    rule: str
    says: str
    plant: Callable[[Objects], object]
    overlay: str = "staging"


def planted(mistake: Mistake, cluster: Cluster) -> Cluster:
    """The overlay with the mistake in it."""
    objects = copy.deepcopy(list(cluster.objects))
    mistake.plant(objects)
    return Cluster(tuple(objects))


def get(objects: Objects, kind: str, name: str) -> Manifest:
    """An object by kind and name; a generated name by its beginning."""
    found = [
        one
        for one in objects
        if one["kind"] == kind
        and (one["metadata"]["name"] == name or one["metadata"]["name"].startswith(f"{name}-"))
    ]
    exact = [one for one in found if one["metadata"]["name"] == name]
    assert len(exact or found) == 1, f"{kind} {name}: {len(found)} objects"
    return (exact or found)[0]


def pod(objects: Objects, kind: str = "Deployment", name: str = "serving") -> Manifest:
    """A workload's pod."""
    return workload_of(get(objects, kind, name)).pod


def container(objects: Objects, name: str) -> Manifest:
    """A container by its name, which no two workloads share."""
    return next(
        one
        for manifest in objects
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job", "CronJob")
        for one in workload_of(manifest).containers
        if one["name"] == name
    )


def argument(objects: Objects, name: str, flag: str, new: str | None) -> None:
    """Change one flag of a container, or leave it out."""
    arguments = container(objects, name)["args"]
    number = next(n for n, one in enumerate(arguments) if one.partition("=")[0] == flag)
    arguments[number : number + 1] = [] if new is None else [new]


def policy(objects: Objects, name: str) -> Manifest:
    """A NetworkPolicy's specification."""
    return get(objects, "NetworkPolicy", name)["spec"]


def role(objects: Objects) -> list[Manifest]:
    """The runner's rules."""
    return get(objects, "Role", "cbvsynth-runner")["rules"]


def alert(objects: Objects, name: str) -> Manifest:
    """An alert."""
    rules = get(objects, "PrometheusRule", "cbvsynth")["spec"]["groups"][0]["rules"]
    return next(rule for rule in rules if rule["alert"] == name)


def drop(objects: Objects, kind: str, name: str) -> None:
    """Forget an object."""
    objects.remove(get(objects, kind, name))


def put(place: Manifest, **values: object) -> None:
    """Set fields."""
    place.update(values)


def swap(place: Manifest, key: str, old: str, new: str) -> None:
    """Replace a part of a text that must be there."""
    assert old in place[key]
    place[key] = place[key].replace(old, new)
