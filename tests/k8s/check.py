"""`python -m tests.k8s.check k8s/overlays/mine`: the checks of our overlays, for an overlay of one's own."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.k8s.rendering import render
from tests.k8s.rules import images, problems


def main() -> int:
    """Render, check, print; 1 when something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.k8s.check",
        description="Render an overlay and hold it to Kubernetes' schemas and to this project's rules; no "
        "cluster is asked.",
    )
    parser.add_argument("overlay", type=Path, help="folder of a kustomization")
    parser.add_argument(
        "--deployable",
        action="store_true",
        help="also refuse digests of zeros, which are yet to be filled in",
    )
    options = parser.parse_args()
    cluster = render(options.overlay)
    found = problems(cluster) + (list(images.unfilled(cluster)) if options.deployable else [])
    for problem in found:
        print(problem)
    kinds = Counter(one["kind"] for one in cluster.objects)
    print(
        f"{options.overlay.name} ({cluster.environment}): {len(cluster.objects)} objects, "
        f"{len(found)} problems; {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
