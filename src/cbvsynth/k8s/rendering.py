"""Rendering an overlay with the program that people apply it with."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import yaml

from cbvsynth.errors import DataError, UsageError
from cbvsynth.k8s.cluster import Cluster


@cache
def render(folder: Path) -> Cluster:
    """All objects of an overlay, by its folder.

    Raises:
        UsageError: neither kubectl nor kustomize is installed.
        DataError: the overlay cannot be rendered, or only with a warning.
    """
    done = subprocess.run(  # noqa: S603  the user's own folder
        [*_command(), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or "warning" in done.stderr.lower():
        raise DataError(f"{folder} cannot be rendered: {done.stderr.strip()}")
    return Cluster(tuple(yaml.load_all(done.stdout, yaml.CSafeLoader)))


def _command() -> list[str]:
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    if kustomize := shutil.which("kustomize"):
        return [kustomize, "build"]
    raise UsageError(
        "Neither kubectl nor kustomize is installed; one of them is needed to render an overlay."
    )
