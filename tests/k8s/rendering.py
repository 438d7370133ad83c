"""Overlays rendered by the program that people apply them with."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import yaml

from tests.k8s.cluster import Cluster
from tests.tools import require_tool

ROOT = Path(__file__).parents[2]
OVERLAYS = tuple(sorted(path.name for path in (ROOT / "k8s/overlays").iterdir()))
WITH_KSERVE = Path(__file__).parent / "overlays/kserve"
"""staging with the optional component; not offered to users as such."""


def render_command() -> list[str]:
    """kubectl's kustomize, or kustomize itself."""
    if shutil.which("kubectl") is None and shutil.which("kustomize") is not None:
        return [require_tool("kustomize"), "build"]
    return [require_tool("kubectl"), "kustomize"]


@cache
def render(folder: Path) -> Cluster:
    """All objects of an overlay, by its folder; a rendering that fails is a failed test."""
    done = subprocess.run([*render_command(), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower(), done.stderr
    return Cluster(tuple(yaml.load_all(done.stdout, yaml.CSafeLoader)))


def overlay(name: str) -> Cluster:
    """All objects of one of our overlays."""
    return render(ROOT / "k8s/overlays" / name)
