"""Drift as rows: what is not known is a dash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cbvsynth.pages.tables.drift import DRIFT_HEADER, drift_note, drift_rows, write_drift_csv
from tests.records.test_external import SAME, SHIFT

UNKNOWN = replace(SAME, mean=None, sd=None, standardised=None, outside=None, p_value=None)


def test_rows_for_people() -> None:
    rows = drift_rows(
        [SHIFT, UNKNOWN, replace(SAME, reference_mean=912.3, reference_sd=41.2, mean=45.0, sd=None)]
    )
    assert rows[0] == ("T1C, contrast", "1.00 ± 0.10", "1.40 ± 0.20", "+4.00", "75 %", ".001", "yes")
    assert rows[1][2:] == ("–",) * 5
    assert rows[2][1:3] == ("912 ± 41", "45.0")
    assert all(len(row) == len(DRIFT_HEADER) for row in rows)
    assert "There: at home." in drift_note("at home")


def test_every_number_for_programs(tmp_path: Path) -> None:
    write_drift_csv(tmp_path / "d.csv", [SHIFT], [UNKNOWN])
    lines = (tmp_path / "d.csv").read_text().splitlines()
    assert lines[1] == 'input,"T1C, contrast",40,1.0,0.1,12,1.4,0.2,4.0,0.75,0.001,1'
    assert lines[2] == 'output,"T2, contrast",40,1.0,0.1,12,,,,,,0'
