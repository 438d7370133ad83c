"""What our manifests must obey, beyond Kubernetes' own schemas; one family of rules per file.

A rule takes a rendered overlay and yields a sentence for each thing that is wrong. The rules know our
conventions but not our file names, so that they also fit an overlay of your own:
`cbvsynth k8s check path/to/overlay`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cbvsynth.k8s.cluster import Cluster
from cbvsynth.k8s.rules import (
    access,
    availability,
    flags,
    images,
    monitoring,
    network,
    pods,
    probes,
    quantities,
    references,
    schemas,
    secrets,
    selectors,
)

Rule = Callable[[Cluster], Iterator[str]]

RULES: dict[str, Rule] = {
    "schemas": schemas.check,
    "references": references.check,
    "selectors": selectors.check,
    "probes": probes.check,
    "availability": availability.check,
    "quantities": quantities.check,
    "pods": pods.check,
    "access": access.check,
    "network": network.check,
    "secrets": secrets.check,
    "images": images.check,
    "monitoring": monitoring.check,
    "flags": flags.check,
}


def problems(cluster: Cluster) -> list[str]:
    """Everything that is wrong with an overlay, each with its rule's name."""
    return [f"{name}: {problem}" for name, rule in RULES.items() for problem in rule(cluster)]
