"""The plan of a run: which models, what the page says of them, and what stops the run at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT
from cbvsynth.kubeflow.tasks.plan import run_task
from cbvsynth.kubeflow.tasks.workspace import read_arguments
from tests.kubeflow.test_arguments import DEFAULTS, MOUNTS


def plan(page: Path, models: list[str], **changed: Any) -> list[str]:
    outputs = {"plan": object(), "arguments": object()}
    told = {**DEFAULTS, "models": models, **changed}
    return run_task({**told, **outputs}, str(page), str(page.with_name("arguments.json")))


def test_a_plan_names_each_model_once_in_the_papers_order_and_shows_the_papers_figures(
    tmp_path: Path,
) -> None:
    page = tmp_path / "plan.md"
    chosen = plan(page, ["encdec-t1-t1c-adc", "*-t1", "encdec-t1"])
    assert chosen == ["fcgan-t1", "encdec-t1", "encdec-t1-t1c-adc"]
    assert "| model.2 | encdec-t1-t1c-adc | Encoder-decoder, MAE: T1 + T1C + ADC |" in page.read_text()
    assert "| `learning_rate` | 0.001 |" in page.read_text()
    handed_over = read_arguments(str(tmp_path / "arguments.json"))
    assert handed_over == {**DEFAULTS, "models": ["encdec-t1-t1c-adc", "*-t1", "encdec-t1"]}
    assert plan(page, ["all"])[0] == "fcgan-t1"
    assert page.read_text().startswith("# 62 models to train")
    with pytest.raises(UsageError):
        plan(page, [])


def test_every_wrong_argument_stops_the_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """limits=nope.yaml, workspace=/elsewhere, seed=-1 and a/b:c passed, and showed hours later."""
    monkeypatch.chdir(tmp_path)
    for name in (DATA_MOUNT, WORKSPACE_MOUNT):
        monkeypatch.setenv(name, MOUNTS[name])
    wrong = {
        "limits": "nope.yaml",
        "workspace": "/elsewhere",
        "seed": -1,
        "registered_name": "a/b:c",
        "layout": "",
    }
    with pytest.raises(UsageError, match="5 parameters of the run cannot be used") as caught:
        plan(tmp_path / "plan.md", ["all"], **wrong)
    for name in wrong:
        assert f"{name} is " in str(caught.value)
    assert "\n" not in str(caught.value), "a run's status shows one line"
    assert not (tmp_path / "plan.md").exists()
