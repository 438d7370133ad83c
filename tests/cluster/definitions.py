"""Custom resources that the overlays use, as published: pinned Go modules, by their sums."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.programs import cache


@dataclass(frozen=True)
class Published:
    """A project's module and the files in it that define what we use."""

    module: str
    version: str
    sum: str
    """What Go's checksum database says of this version."""
    folder: str
    files: tuple[str, ...]


PUBLISHED = (
    Published(
        "github.com/external-secrets/external-secrets",
        "v1.3.2",
        "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
        "config/crds/bases",
        ("external-secrets.io_externalsecrets.yaml",),
    ),
    Published(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        "example/prometheus-operator-crd",
        ("monitoring.coreos.com_podmonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml"),
    ),
    Published(
        "github.com/kserve/kserve",
        "v0.16.0",
        "h1:kDkcAU5VMiZf4zhdDXH+UdAIgzXhs10GMv0d9r4qvTs=",
        "config/crd/full",
        ("serving.kserve.io_inferenceservices.yaml", "serving.kserve.io_servingruntimes.yaml"),
    ),
    Published(
        "sigs.k8s.io/kueue",
        "v0.17.0",
        "h1:7hzb38M4eKGzYW+CFv2s1L+swzzacUCHOCXxZmAV90I=",
        "config/components/crd/bases",
        (
            "kueue.x-k8s.io_clusterqueues.yaml",
            "kueue.x-k8s.io_localqueues.yaml",
            "kueue.x-k8s.io_resourceflavors.yaml",
        ),
    ),
    Published(
        "github.com/kubeflow/katib",
        "v0.19.0",
        "h1:uexj303nRkGtTFtTkY4McCt6J0TCtnerX3i3E7TRA5M=",
        "manifests/v1beta1/components/crd",
        ("experiment.yaml",),
    ),
)


def folder_of(one: Published) -> Path:
    """Where a project's definitions lie once they are fetched."""
    return cache() / "definitions" / f"{Path(one.module).name}-{one.version}"


def missing() -> list[str]:
    """Projects whose definitions are not in the cache yet."""
    return [one.module for one in PUBLISHED if not folder_of(one).is_dir()]


def fetch() -> None:
    """Bring what is missing.

    Raises:
        ValueError: a module is not the one that was pinned.
    """
    for one in PUBLISHED:
        if one.module in missing():
            _fetch(one)
            print(f"{one.module} {one.version}: {len(one.files)} definitions", flush=True)


def _fetch(one: Published) -> None:
    with tempfile.TemporaryDirectory() as nowhere:
        command = ["go", "mod", "download", "-json", f"{one.module}@{one.version}"]
        done = subprocess.run(
            command, cwd=nowhere, env={**os.environ, "GOFLAGS": "-mod=mod"}, capture_output=True, check=False
        )
    found = json.loads(done.stdout or "{}")
    if found.get("Sum") != one.sum:
        raise ValueError(
            f"{one.module} {one.version} has the sum {found.get('Sum')}, "
            f"expected {one.sum}: {found.get('Error')}"
        )
    partial = folder_of(one).with_name(f"{folder_of(one).name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in one.files:
        shutil.copyfile(Path(found["Dir"]) / one.folder / name, partial / name)
    partial.rename(folder_of(one))
