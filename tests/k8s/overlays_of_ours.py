"""Our own overlays, rendered; a test that needs them is skipped, or failed under CI, without a renderer."""

from __future__ import annotations

import shutil
from pathlib import Path

from cbvsynth.k8s import rendering
from cbvsynth.k8s.cluster import Cluster
from tests.tools import require_tool

ROOT = Path(__file__).parents[2]
OVERLAYS = tuple(sorted(path.name for path in (ROOT / "k8s/overlays").iterdir()))
WITH_KSERVE = Path(__file__).parent / "overlays/kserve"
"""staging with the optional component; not offered to users as such."""

SHARED_CLUSTER = Path(__file__).parent / "overlays/shared-cluster"
"""staging with a queue for trainings and runs in the namespaces of Kubeflow's users."""

WITH_PAGE = Path(__file__).parent / "overlays/page"
"""staging with the page for radiologists."""

WITH_NODE = Path(__file__).parent / "overlays/node"
"""staging with the DICOM node."""


def render(folder: Path) -> Cluster:
    """All objects of an overlay, by its folder."""
    if shutil.which("kustomize") is None:
        require_tool("kubectl")
    return rendering.render(folder)


def overlay(name: str) -> Cluster:
    """All objects of one of our overlays."""
    return render(ROOT / "k8s/overlays" / name)
