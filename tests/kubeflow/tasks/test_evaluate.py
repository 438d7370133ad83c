"""Evaluate as a task, where the run of a whole package does not lead."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import ResultError, TrainingError
from cbvsynth.kubeflow.tasks.evaluate import Pages
from cbvsynth.kubeflow.tasks.evaluate import run_task as evaluate
from tests.kubeflow.numbers import Numbers
from tests.pages.sweep_files import write_sweep


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


def test_the_numbers_say_how_many_guards_failed_and_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page showed SSIM and mean bias alone; a model that paints all lesions alike has both right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    models = {"encdec-t1": 0.9, "encdec-t1c": 0.3}
    write_sweep(tmp_path / "workspace", models)
    (tmp_path / "workspace" / "train").rename(tmp_path / "workspace" / "s")
    (tmp_path / "workspace" / "train").mkdir()
    (tmp_path / "workspace" / "s").rename(tmp_path / "workspace" / "train" / "s")
    shown = pages(tmp_path)
    given = {"workspace": str(tmp_path / "workspace"), "min_lesion_texture": 0.9, "bootstrap_samples": 200}
    results = [result(model, folder="preprocess", digest=f"digest of {model}") for model in models]
    assert evaluate(given, results, shown) is True
    logged = shown.numbers.logged
    assert logged["loosened_limits"] == 0
    assert logged["models_refused_by_guards"] == 1
    assert logged["candidate_guards_failed"] == 0
    assert logged["found_lesion_slope"] == pytest.approx(1.0, abs=0.05)
    assert "same_winner_share" in logged
    text = Path(shown.leaderboard).read_text(encoding="utf-8")
    assert "## Guards failed" in text
    assert "- encdec-t1: lesion-texture" in text
