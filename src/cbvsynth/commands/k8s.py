"""`cbvsynth k8s ...`: the checks of this project's manifests, for an overlay of one's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tyro.conf import Positional

from cbvsynth.domain.wording import counted
from cbvsynth.entrypoint import Plain
from cbvsynth.errors import DataError


def check(overlay: Positional[Path], deployable: Plain = 0) -> None:
    """Render an overlay and hold it to Kubernetes' schemas and to this project's rules; no cluster is asked.

    Args:
        overlay: Folder of a kustomization.
        deployable: Also refuse digests of zeros, which are yet to be filled in.
    """
    from cbvsynth.k8s.rendering import render
    from cbvsynth.k8s.rules import images, problems

    cluster = render(overlay)
    found = problems(cluster) + (list(images.unfilled(cluster)) if deployable else [])
    for problem in found:
        print(problem)
    kinds = Counter(one["kind"] for one in cluster.objects)
    objects, wrong = counted(len(cluster.objects), "object"), counted(len(found), "problem")
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{overlay.name} ({cluster.environment}): {objects}, {wrong}; {listed}")
    if found:
        raise DataError(f"{overlay} has {wrong}, named above. Mend what is wrong and check again.")
