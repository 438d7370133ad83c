"""The whole of validate: what it decides, and what it leaves behind."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.config import ValidateConfig
from cbvsynth.domain.options import Register
from cbvsynth.errors import QualityError
from cbvsynth.quality.validation import data_docs_folder, validate_study
from cbvsynth.records.decisions import read_decisions
from cbvsynth.study.manifest import read_manifest

LIMITS = Path(__file__).resolve().parents[2] / "limits.yaml"


def test_every_examination_is_decided_about_in_order_also_when_the_run_is_stopped(
    study: Any, tmp_path: Path
) -> None:
    out = tmp_path / "artifacts" / "validate"
    config = ValidateConfig(data=study.root, limits=LIMITS, out=out, workers=1, register=Register.OFF)

    with pytest.raises(QualityError, match=f"{len(study.faulty)} of .* examinations were dropped"):
        validate_study(config)

    decisions = read_decisions(out / "examinations.csv")
    assert [one.exam_id for one in decisions] == [one.exam_id for one in study.manifest.examinations]
    assert {one.exam_id for one in decisions if not one.accepted} == set(study.faulty.values())
    assert [one.files for one in read_manifest(out / "manifest.csv", study.root)] == [
        one.files for one in study.manifest.examinations
    ]
    assert data_docs_folder(out) == tmp_path / "artifacts" / "data_docs"
    assert (data_docs_folder(out) / "index.html").is_file()


def test_doubts_about_the_tables_are_in_the_report(study: Any, tmp_path: Path) -> None:
    """What people wrote was right, or stopped the study; nothing stood between."""
    root, out = tmp_path / "data", tmp_path / "validate"
    shutil.copytree(study.root, root, symlinks=True)
    table = root / "participants.tsv"
    first, row, *rest = table.read_text(encoding="utf-8").splitlines()
    cells = dict(zip(first.split("\t"), row.split("\t"), strict=True)) | {"age": "35-40"}
    table.write_text("\n".join([first, "\t".join(cells.values()), *rest]) + "\n", encoding="utf-8")
    config = ValidateConfig(
        data=root, limits=LIMITS, out=out, workers=1, register=Register.OFF, max_dropped_share=1.0
    )

    outcome = validate_study(config)

    (warning,) = outcome.study_warnings
    assert "column age: '35-40' is a range, taken as 35" in warning
    assert warning.split(",")[0] in (out / "report.md").read_text(encoding="utf-8")


def test_a_preference_settles_a_tie_where_validate_lists_the_study_itself(
    study: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It could be stated only for the manifest's own command, and validate went on without the sequence.

    What was left out, the other of the two, was in the report alone.
    """
    root, out = tmp_path / "data", tmp_path / "validate"
    shutil.copytree(study.root, root, symlinks=True)
    one = next(one for one in study.manifest.examinations if "t2" in one.files)
    first = root / one.files["t2"]
    for name in ("acq-a", "acq-b"):
        shutil.copy(first, first.with_name(first.name.replace("_T2w", f"_{name}_T2w")))
    first.unlink()
    config = ValidateConfig(
        data=root, limits=LIMITS, out=out, workers=1, max_dropped_share=1.0, prefer=("acq-b",)
    )

    validate_study(config)

    assert "left out of the list of examinations: 1; the report says" in capsys.readouterr().err
    listed = {entry.exam_id: entry for entry in read_manifest(out / "manifest.csv", root)}
    assert "acq-b" in str(listed[one.exam_id].files["t2"])
