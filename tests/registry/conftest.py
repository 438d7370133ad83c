"""Every test of the registry has a working folder, and so a registry, of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cbvsynth.registry.store import Registry


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables without content: making them takes seconds, copying them does not."""
    path = tmp_path_factory.mktemp("registry") / "empty.db"
    assert Registry(f"sqlite:///{path}", "cbvsynth").client is not None
    return path


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def empty_registry(_own_folder: None, empty_database: Path) -> None:
    """A registry that exists and holds nothing."""
    shutil.copy(empty_database, "mlflow.db")
