"""Files that Kubeflow shows on the page of a run: Markdown, HTML and numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class NumbersArtifact(Protocol):
    """The part of Kubeflow's `Metrics` that is used here."""

    path: str

    def log_metric(self, metric: str, value: float) -> None:
        """Log one number."""
        ...


def show_text(path: str, text: str) -> None:
    """Write a Markdown or HTML artefact."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def show_file(path: str, source: Path) -> None:
    """Copy a finished page to where Kubeflow takes it from."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def show_numbers(artifact: NumbersArtifact, numbers: Mapping[str, float | None]) -> None:
    """Log scalar metrics; a number that does not exist is left out.

    They are written to the artefact's file as well: Kubeflow takes an artefact without a file for missing.
    """
    known = {name: round(float(value), 6) for name, value in numbers.items() if value is not None}
    for name, value in known.items():
        artifact.log_metric(name, value)
    show_text(artifact.path, json.dumps(known, indent=2) + "\n")
