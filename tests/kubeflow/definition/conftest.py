"""The package of every profile, compiled once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.kubeflow.definition.package import compile_package
from cbvsynth.kubeflow.definition.profiles import PROFILES


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    for profile in PROFILES.values():
        compile_package(folder / f"{profile.name}.yaml", profile)
    return {name: folder / f"{name}.yaml" for name in PROFILES}
