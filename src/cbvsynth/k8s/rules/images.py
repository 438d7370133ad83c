"""Images: named as we build them, of a registry, with a fixed tag, in production by digest."""

from __future__ import annotations

from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster, called
from cbvsynth.kubernetes_words import IMAGE

OF_STEPS = ("cbvsynth", "cbvsynth-train")
"""Images that pipelines run."""
_OURS = (*OF_STEPS, "cbvsynth-registry")
_MOVING = frozenset({"latest", "main", "master", "edge", "nightly", "stable"})
_ZEROS = "sha256:" + "0" * 64


def check(cluster: Cluster) -> Iterator[str]:
    """Images that could change under their name."""
    for workload in cluster.workloads():
        for container in workload.containers:
            where, image = f"{workload.called}, {container['name']}", container["image"]
            found = IMAGE.fullmatch(image)
            if found is None:
                yield f"{where}: '{image}' is not the name of an image"
                continue
            if found["tag"] is None and found["digest"] is None:
                yield f"{where}: {image} has neither tag nor digest"
            if found["tag"] in _MOVING:
                yield f"{where}: the tag of {image} may move to other content"
            if cluster.environment == "production" and found["digest"] is None:
                yield f"{where}: {image} is not named by its digest, in production"
            if container.get("imagePullPolicy") == "Always":
                yield f"{where} pulls {image} at every start, and does not start without its registry"
    if cluster.environment != "development":
        yield from _of_no_registry(cluster)


def _of_no_registry(cluster: Cluster) -> Iterator[str]:
    """Images of ours by the bare name that nodes on a laptop are loaded with, in whatever makes pods."""
    for manifest in cluster.objects:
        for image in sorted(set(_images(manifest.get("spec")))):
            if (found := IMAGE.fullmatch(image)) and found["name"] in _OURS:
                yield (
                    f"{called(manifest)}: {image} has no registry, so that nodes ask docker.io, which has "
                    "none; name yours under `images:` of the outermost kustomization, which comes last"
                )


def _images(value: object) -> Iterator[str]:
    """Every image below a value: custom resources hold containers in places of their own."""
    if isinstance(value, dict):
        if isinstance(image := value.get("image"), str):
            yield image
        value = list(value.values())
    for one in value if isinstance(value, list) else []:
        yield from _images(one)


def unfilled(cluster: Cluster) -> Iterator[str]:
    """Digests of zeros, which no registry has; they must be filled in before an overlay is applied."""
    for image in sorted({one["image"] for workload in cluster.workloads() for one in workload.containers}):
        if image.endswith(_ZEROS):
            yield f"{image.partition('@')[0]} has a digest of zeros; fill in yours"
