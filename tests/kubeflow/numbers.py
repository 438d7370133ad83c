"""A stand-in for the part of Kubeflow's runtime that tasks use."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Numbers:
    """Kubeflow's Metrics, as far as it is used."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.logged: dict[str, float] = {}
        self.metadata: dict[str, Any] = {}

    def log_metric(self, metric: str, value: float) -> None:
        self.logged[metric] = value
