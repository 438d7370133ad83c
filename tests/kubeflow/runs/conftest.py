"""A Kubeflow API on a real port, and nothing of this machine's settings for another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kubeflow.kubeflow_stub import Kubeflow, kubeflow


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "CBVSYNTH_KFP_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def host() -> Iterator[Kubeflow]:
    with kubeflow() as state:
        yield state
