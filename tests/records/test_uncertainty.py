"""uncertainty.csv reads back as it was written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.errors import ResultError
from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, read_uncertainty, write_uncertainty


def test_rows_read_back_with_what_is_not_known(tmp_path: Path) -> None:
    rows = (
        ExamUncertainty("e1", "p1", "lymphoma", 0.5, 1.25, 0.91, 4.0, 3.5, 0.75),
        ExamUncertainty("e2", "p2", "", 0.5, 1.25, 0.91, math.nan, math.nan, math.nan),
    )
    write_uncertainty(tmp_path / UNCERTAINTY_FILE, rows)
    first, second = read_uncertainty(tmp_path / UNCERTAINTY_FILE)
    assert first == rows[0]
    assert (second.exam_id, math.isnan(second.lesion_real)) == ("e2", True)


def test_a_model_without_a_spread_has_no_rows_and_a_damaged_table_is_refused(tmp_path: Path) -> None:
    assert read_uncertainty(tmp_path / UNCERTAINTY_FILE) == ()
    (tmp_path / UNCERTAINTY_FILE).write_text("exam_id\ne1\n")
    with pytest.raises(ResultError):
        read_uncertainty(tmp_path / UNCERTAINTY_FILE)
