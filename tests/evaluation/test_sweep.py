"""A sweep's results are checked before they are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ResultError
from cbvsynth.evaluation.sweep import read_sweep
from tests.pages.sweep_files import write_sweep

MODEL = ModelId.parse("encdec-t1")


def test_a_folder_that_was_renamed_is_noticed(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    (root / "train/encdec-t1").rename(root / "train/encdec-t2")
    with pytest.raises(ResultError, match="encdec-t2 say that they are of 'encdec-t1'"):
        read_sweep(root / "train", [ModelId.parse("encdec-t2")])


def test_a_table_without_rows_is_noticed(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    path = root / "train/encdec-t1/per_exam.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(ResultError, match="has no examination"):
        read_sweep(root / "train", [MODEL])


def test_many_missing_models_are_counted_and_some_named(tmp_path: Path):
    parts = ("t1", "t2", "t1c", "flair", "adc")
    models = [ModelId.parse(f"{name}-{part}") for part in parts for name in ("fcgan", "encdec")]
    with pytest.raises(ResultError, match=r"10 of the sweep's 10 .* fcgan-t1, .* and 2 more"):
        read_sweep(tmp_path, models)


def test_a_damaged_summary_is_refused(tmp_path: Path):
    root = write_sweep(tmp_path, {"encdec-t1": 0.3})
    path = root / "train/encdec-t1/summary.json"
    path.write_text(json.dumps({"format": 1}))
    with pytest.raises(ResultError, match="is not the summary of a trained model"):
        read_sweep(root / "train", [MODEL])
