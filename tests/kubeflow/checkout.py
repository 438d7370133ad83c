"""The checkout, the package in it that people upload, and how tests read one."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "pipelines" / "cbv-synthesis.yaml"


def documents(path: Path) -> list[dict]:
    """The pipeline's specification, and the platform's where it has one."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
