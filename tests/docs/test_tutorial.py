"""The tutorial, typed as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import pytest

from tests.docs.pages import ROOT, code_lines, typed

PAGE = ROOT / "docs" / "tutorial.md"
SET_UP_ENDS = "cd ../cbvsynth-tutorial"


@pytest.mark.slow
@pytest.mark.tensorflow
def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path) -> None:
    lines = [line for _, line in code_lines(PAGE)]
    steps = lines[lines.index(SET_UP_ENDS) + 1 :]
    (tmp_path / "limits.yaml").write_bytes((ROOT / "limits.yaml").read_bytes())
    printed = typed(steps, tmp_path)
    assert "26 of 28 examinations accepted" in printed
    assert "of 14 patients, held out 9 of 6" in printed
    assert "equal: the tables of 2 models give the stored verdict again" in printed
    record = json.loads((tmp_path / "cbv.json").read_text())
    assert record["Fallback"] is True
    assert record["InputsLeftOut"]["adc"] == "not given"
    assert nibabel.load(tmp_path / "cbv.nii.gz").shape == (48, 48, 8)
    assert (tmp_path / "cbv.png").stat().st_size > 10_000
    assert (tmp_path / "artifacts" / "evaluate" / "report.html").is_file()
