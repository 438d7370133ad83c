"""`cbvsynth cohort`: ages from the study, exclusions from validate, sides from preprocess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.commands.cohort import cohort
from cbvsynth.errors import ResultError
from cbvsynth.records.decisions import Decision, write_decisions
from cbvsynth.records.examinations import write_index
from tests.training.cached_study import write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """e00 trains, e01 is held out, e02 was dropped."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "t1.nii").touch()
    lines = ["exam_id,subject_id,target_unit,t1,age,sex,diagnosis"]
    lines += [f"e0{n},p0{n},mL/100g,t{n}.nii,{50 + n},F,glioma" for n in range(3)]
    for n in range(3):
        (data / f"t{n}.nii").touch()
    (data / "manifest.csv").write_text("\n".join(lines) + "\n")
    decisions = [Decision(f"e0{n}", f"p0{n}", "", "accepted") for n in range(2)]
    write_decisions(
        tmp_path / "validate" / "examinations.csv",
        [*decisions, Decision("e02", "p02", "", "dropped", ("metal",))],
    )
    write_study(tmp_path / "preprocess", train=1, held_out=1)
    return tmp_path


def test_table_1_is_written_and_printed(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort(study / "data", artifacts=study, out=study / "cohort")
    told = capsys.readouterr().out
    assert "51.0 ± 1.0 (50 to 52)" in told
    assert "report: " in told
    assert {path.name for path in (study / "cohort").iterdir()} == {"table1.html", "table1.md", "table1.csv"}
    assert "p00" not in (study / "cohort" / "table1.html").read_text(), "no single patient"


def test_steps_of_different_studies_are_refused(study: Path) -> None:
    index = write_study(study / "other", train=1, held_out=2)
    write_index(replace(index, root=study / "preprocess"))
    with pytest.raises(ResultError, match=r"validate accepted 2 examinations, preprocess prepared 3; .* e02"):
        cohort(study / "data", artifacts=study, out=study / "cohort")
