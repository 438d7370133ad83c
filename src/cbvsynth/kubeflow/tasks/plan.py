"""The plan of a run, as a Kubeflow task: arguments and patterns in, model ids out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from cbvsynth.domain.sequences import select_models
from cbvsynth.domain.wording import counted
from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT, missing_limits, mistakes
from cbvsynth.kubeflow.tasks.artifacts import show_markdown, show_text

_NOT_ARGUMENTS = frozenset({"plan", "arguments"})
"""Of the component's inputs: what is no parameter of the pipeline."""


def run_task(given: Mapping[str, Any], plan_path: str, arguments_path: str) -> list[str]:
    """Ids of the models that the patterns name, each once, in the paper's order.

    What the run was told is handed over, too: what it means for a study, preprocess says, which sees it.

    Raises:
        UsageError: arguments that a later step would refuse, all of them.
    """
    from cbvsynth.pages.tables.formats import markdown_table
    from cbvsynth.pages.tables.paper import paper_score_text

    arguments = {name: value for name, value in given.items() if name not in _NOT_ARGUMENTS}
    _require_fitting(arguments)
    show_text(arguments_path, json.dumps(arguments))
    chosen = select_models(given["models"])
    rows = [
        (f"model.{place}", model.slug, model.label, paper_score_text(model))
        for place, model in enumerate(chosen)
    ]
    header = ("in the graph", "model", "algorithm and sequences", "the paper's SSIM, %")
    table = markdown_table(header, rows, left=3)
    settings = [(name, _shown(value)) for name, value in sorted(arguments.items())]
    listed = markdown_table(("parameter", "value"), settings, left=2)
    show_markdown(
        plan_path,
        f"# {counted(len(rows), 'model')} to train\n\n{table}\n\n"
        "Scores and exported model of one training are under its task's *Output artifacts*; the graph's own "
        "artifact nodes show the same training's for all of them.\n\n"
        f"## What the run was told\n\n{listed}\n",
    )
    print(f"{counted(len(rows), 'model')}: {', '.join(model.slug for model in chosen)}")
    return [model.slug for model in chosen]


def _require_fitting(values: Mapping[str, Any]) -> None:
    mounts = {name: os.environ[name] for name in (DATA_MOUNT, WORKSPACE_MOUNT) if name in os.environ}
    found = mistakes(values, mounts)
    if limits := str(values.get("limits") or ""):
        found += missing_limits(limits, mounts.get(DATA_MOUNT, ""))
    if found:
        # In one line, which is what a run's status shows of a task's log.
        raise UsageError(
            f"{counted(len(found), 'parameter')} of the run cannot be used: {'; '.join(found)}. Nothing was "
            "started. Clone the run, correct them, start it again."
        )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
