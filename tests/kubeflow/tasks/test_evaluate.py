"""Evaluate as a task, where the run of a whole package does not lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import ResultError, TrainingError
from cbvsynth.kubeflow.tasks.evaluate import Pages
from cbvsynth.kubeflow.tasks.evaluate import run_task as evaluate
from tests.kubeflow.numbers import Numbers


def pages(folder: Path) -> Pages:
    names = ("leaderboard", "report", "verdict", "evaluation")
    return Pages(*(str(folder / name) for name in names), Numbers(folder / "numbers"))


def result(model: str, status: str = "done", **changed: str) -> dict[str, str]:
    return {
        "model": model,
        "folder": "preprocess/1",
        "sweep": "s",
        "status": status,
        "digest": "d",
        "message": "collapsed" if status == "failed" else "",
        **changed,
    }


def test_a_sweep_without_one_model_ends_the_run_with_every_reason(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"None of the 2 models could be trained\. encdec-t1: collapsed; fcgan-t1"
    ):
        evaluate(
            {"workspace": str(tmp_path)},
            [result("encdec-t1", "failed"), result("fcgan-t1", "failed")],
            pages(tmp_path),
        )


def test_models_of_different_sweeps_are_not_judged_together(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="come from 2 different sweeps"):
        evaluate(
            {"workspace": str(tmp_path)},
            [result("encdec-t1"), result("fcgan-t1", sweep="t")],
            pages(tmp_path),
        )
