"""Comparisons as people and programs read them."""

from __future__ import annotations

import csv
from math import nan
from pathlib import Path

from cbvsynth.domain.selection.comparisons import Comparison
from cbvsynth.pages.tables.comparisons import COMPARISON_HEADER, comparison_cells, write_comparisons_csv

ROW = Comparison("encdec-t2", 12, 10, 0.0123, 4.5, 0.0004, 0.0008, 0.011, 0.002, 0.02, 0.03, 0.06)


def test_differences_are_shown_in_points_of_ssim_and_p_values_as_journals_print_them():
    cells = comparison_cells(ROW)
    assert len(cells) == len(COMPARISON_HEADER)
    expected = ["encdec-t2", "+1.23", "4.50", "< .001", "< .001", "+1.10", "+0.20 to +2.00", ".030", ".060"]
    assert cells == expected


def test_the_table_for_programs_has_shares_of_1_and_leaves_missing_numbers_empty(tmp_path: Path):
    write_comparisons_csv(tmp_path / "a.csv", [ROW, Comparison("x", 1, 1, 0.0, nan, nan, nan, *[0.0] * 5)])
    with (tmp_path / "a.csv").open() as source:
        first, second = csv.DictReader(source)
    assert (first["mean_difference"], first["t"]) == ("0.0123", "4.5")
    assert second["t"] == ""
