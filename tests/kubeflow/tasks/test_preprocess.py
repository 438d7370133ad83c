"""Preprocess as a task: it stops a refused study, and prepares an accepted one once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cbvsynth.errors import DataError, QualityError
from cbvsynth.kubeflow.tasks.preprocess import run_task
from cbvsynth.kubeflow.tasks.validate import run_task as validate
from cbvsynth.kubeflow.tasks.workspace import REFUSAL_FILE, read_handover
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.receipt import origin_of
from cbvsynth.phantom.study import write_study
from cbvsynth.records.examinations import read_index
from tests.kubeflow.numbers import Numbers
from tests.kubeflow.test_arguments import DEFAULTS

ROOT = Path(__file__).resolve().parents[3]


def test_a_refused_study_stops_here_with_what_validate_said(tmp_path: Path) -> None:
    refused = tmp_path / "validate" / "s"
    refused.mkdir(parents=True)
    (refused / REFUSAL_FILE).write_text("too much was dropped\n")
    with pytest.raises(QualityError, match=r"^too much was dropped$"):
        run_task({"workspace": str(tmp_path), "study": "s"}, "", "", "")


@pytest.mark.slow
def test_a_study_is_prepared_once_for_each_way_of_preparing_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A study too small for the gate was prepared, and every model trained, before the verdict said so."""
    write_study(tmp_path / "data", StudySettings(patients=6, matrix=32, damaged=0))
    given = {"data": str(tmp_path / "data"), "workspace": str(tmp_path / "workspace"), "workers": 1}
    checks = {**given, "limits": str(ROOT / "limits.yaml"), "max_dropped_share": 1.0}
    study = validate(checks, str(tmp_path / "a"), str(tmp_path / "b"), Numbers(tmp_path / "c"))

    told, place, page = (str(tmp_path / name) for name in ("arguments", "place", "page"))

    def tell(**changed: object) -> None:
        Path(told).write_text(json.dumps({**DEFAULTS, "models": ["encdec-t1c"], **changed}))

    def prepare(**changed: object) -> Path:
        run_task({**given, "study": study, **changed}, told, place, page)
        folder, _ = read_handover(str(tmp_path / "place"), "folder", "data_fingerprint")
        return tmp_path / "workspace" / folder

    tell(min_examinations=10)
    with pytest.raises(DataError, match=r"The gate cannot pass: \d held-out examination.* add examinations"):
        prepare()
    assert not (tmp_path / "workspace" / "preprocess").exists(), "nothing is prepared in vain"
    tell(min_examinations=2, models=["encdec-t1c", "encdec-t1c-asl"])
    with pytest.raises(DataError, match="encdec-t1c-asl would have no examination"):
        prepare()
    tell(min_examinations=2, models=["encdec-t1c", "encdec-t1c-asl"], keep_going="on")
    folder = prepare()
    assert re.search(r"\| left out +\| encdec-t1c-asl: no examination", Path(page).read_text())
    assert "were prepared already" not in capsys.readouterr().out
    tell(min_examinations=2)
    assert prepare() == folder
    assert re.search(
        r"\| 1 model +\| learn from \d examinations of \d patients, 500 epochs", Path(page).read_text()
    )
    assert "asks for 2: it can pass" in Path(page).read_text()
    assert read_index(folder).origin == origin_of(tmp_path / "data")
    assert prepare(workers=2) == folder, "the arrays do not depend on the number of workers"
    assert "examinations were prepared already, by an earlier run" in capsys.readouterr().out
    assert prepare(seed=1) != folder
