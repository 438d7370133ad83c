"""The plan of a run: which models, and what the page says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.tasks.plan import run_task as plan


def test_a_plan_names_each_model_once_in_the_papers_order_and_shows_the_papers_figures(
    tmp_path: Path,
) -> None:
    page = tmp_path / "plan.md"
    chosen = plan(["encdec-t1-t1c-adc", "*-t1", "encdec-t1"], str(page))
    assert chosen == ["fcgan-t1", "encdec-t1", "encdec-t1-t1c-adc"]
    assert "| encdec-t1-t1c-adc | Encoder-decoder, MAE: T1 + T1C + ADC |" in page.read_text()
    assert plan(["all"], str(page))[0] == "fcgan-t1"
    assert page.read_text().startswith("# 62 models to train")
    with pytest.raises(UsageError):
        plan([], str(page))
