"""Files that Kubeflow shows on the page of a run: Markdown, HTML and numbers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

_CODE = re.compile(r"(`[^`\n]*`|\]\([^)\n]*\))|(?<![\w/<.-])([\w.*-]*\w_\w[\w.*-]*)")
"""Code and addresses, which stay as they are; or a word with an underscore inside."""


class ShownArtifact(Protocol):
    """The part of Kubeflow's artefacts that is used here; `metadata` is what its UI lists beside one."""

    path: str
    metadata: dict[str, Any]


class NumbersArtifact(ShownArtifact, Protocol):
    """The part of Kubeflow's `Metrics` that is used here."""

    def log_metric(self, metric: str, value: float) -> None:
        """Log one number."""
        ...


def show_text(path: str, text: str) -> None:
    """Write a Markdown or HTML artefact."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def show_markdown(path: str, text: str) -> None:
    """Write a Markdown artefact for Kubeflow's UI."""
    show_text(path, markdown_for_ui(text))


def markdown_for_ui(text: str) -> str:
    """Markdown with names as code: Kubeflow's UI takes their underscores for emphasis, and drops them."""
    return _CODE.sub(lambda found: found[1] or f"`{found[2]}`", text)


def name_artifact(artifact: ShownArtifact, name: str, **more: str) -> None:
    """Say on the artefact itself what it belongs to.

    In the graph all iterations of a loop show one iteration's artefacts, and nothing else tells them apart.
    """
    artifact.metadata.update({"display_name": name, **more})


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
