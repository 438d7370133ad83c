"""A small study, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study

SMALL = StudySettings(patients=3, matrix=32, slices=8, damaged=8, seed=7)


@pytest.fixture(scope="session")
def small_settings() -> StudySettings:
    return SMALL


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("phantom") / "data"
    write_study(root, SMALL)
    return root
