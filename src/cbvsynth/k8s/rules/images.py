"""Images: named as we build them, with a fixed tag, in production by digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbvsynth.k8s.cluster import Cluster

OF_STEPS = ("cbvsynth", "cbvsynth-train")
"""Images that pipelines run."""
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9./_-]+(?::\d+/[a-z0-9./_-]+)?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_MOVING = frozenset({"latest", "main", "master", "edge", "nightly", "stable"})
_ZEROS = "sha256:" + "0" * 64


def check(cluster: Cluster) -> Iterator[str]:
    """Images that could change under their name."""
    for workload in cluster.workloads():
        for container in workload.containers:
            where, image = f"{workload.called}, {container['name']}", container["image"]
            found = _IMAGE.fullmatch(image)
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


def unfilled(cluster: Cluster) -> Iterator[str]:
    """Digests of zeros, which no registry has; they must be filled in before an overlay is applied."""
    for image in sorted({one["image"] for workload in cluster.workloads() for one in workload.containers}):
        if image.endswith(_ZEROS):
            yield f"{image.partition('@')[0]} has a digest of zeros; fill in yours"
