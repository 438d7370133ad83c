"""Promote as a task: the registry obeys, and the pages say what it holds now."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cbvsynth.domain.selection.records import Outcome
from cbvsynth.kubeflow.tasks.artifacts import markdown_for_ui
from cbvsynth.kubeflow.tasks.promote import Pages, run_task
from cbvsynth.kubeflow.tasks.workspace import write_handover
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.slow


def promote() -> tuple[str, str]:
    """Carry out the verdict of the working folder as a task; the record and the card that it shows."""
    for made, kept in (("artifacts/train", "train/s"), ("artifacts/evaluate", "evaluate/v")):
        shutil.copytree(made, Path("workspace") / kept, dirs_exist_ok=True)
    write_handover("evaluation", {"verdict": "v", "sweep": "s", "examinations": "preprocess/p"})
    given = {"workspace": "workspace", "registered_name": "cbvsynth"}
    run_task(given, "evaluation", Pages("record", "card", "promotion"))
    assert json.loads(Path("promotion").read_text())["registered_name"] == "cbvsynth"
    return Path("record").read_text(), Path("card").read_text()


def test_the_pages_show_the_new_champion_then_the_one_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    train("encdec-t2", 0.80)
    decide("encdec-t2", Outcome.NO_MODEL_PASSES)
    record, card = promote()
    assert record.startswith("# No new champion of 'cbvsynth'")
    assert "Champion now: none." in record
    assert card == "No model was promoted and 'cbvsynth' has no champion: no card to show.\n"

    digest = train("encdec-t1c", 0.90)
    decide("encdec-t1c")
    record, card = promote()
    assert record.startswith("# 'cbvsynth' has a new champion: encdec-t1c")
    assert "| champion | 1 | encdec-t1c |" in record
    assert card == markdown_for_ui(Path("workspace/promote/v/model_cards/encdec-t1c.md").read_text())

    shutil.rmtree("artifacts/train/encdec-t1c")
    shutil.rmtree("workspace")
    decide("encdec-t2", Outcome.NOT_BETTER, champion=(1, "encdec-t1c", digest))
    record, card = promote()
    assert "Champion now: version 1, encdec-t1c." in record
    assert card.startswith("No model was promoted: the champion is still version 1, encdec-t1c,")
