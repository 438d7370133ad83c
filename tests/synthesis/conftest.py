"""A model that was trained and exported on a tiny cached study."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.cached_study import train_small_model, write_study

MODEL = "encdec-t1c-adc"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("study")
    write_study(root / "preprocess", without_adc=["e05"], without_seg=["e04"])
    train_small_model(root, MODEL, epochs=6)
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"
