"""Our Table 2 beside the paper's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cbvsynth.domain.selection.leaderboard import leaderboard
from cbvsynth.domain.sequences import Algorithm, all_combinations
from cbvsynth.pages.tables.table2 import CAPTION, table2_markdown, table2_rows, write_table2_csv
from tests.domain.selection.tables import scored, table


def rows():
    models = [
        scored("encdec-t1", table("encdec-t1", [0.80, 0.84])),
        scored("encdec-t1c", table("encdec-t1c", [0.90, 0.92])),
        scored("fcgan-t1", table("fcgan-t1", [0.70, 0.74])),
    ]
    return table2_rows(leaderboard(models, "ssim_3d_whole"), "ssim_3d_whole")


def test_every_combination_has_a_row_in_the_papers_order_and_missing_models_are_dashes():
    table2 = rows()
    assert [row.combination for row in table2] == list(all_combinations())
    first = table2[0]
    assert [cell.text for cell in first.cells] == [
        "72.00 ± 2.83",
        "83.06 ± 4.20",
        "82.00 ± 2.83",
        "83.51 ± 3.95",
    ]
    assert first.dots == ("●", "", "", "", "")
    assert table2[-1].ours[Algorithm.ENCDEC].text == "–"


def test_exactly_the_best_of_each_column_is_best():
    best = [
        (row.combination.slug, place) for row in rows() for place, cell in enumerate(row.cells) if cell.best
    ]
    assert best == [("t1", 0), ("t1c", 2), ("t1-t1c-adc", 1), ("t1-t1c-adc", 3)]


def test_without_a_model_of_an_algorithm_no_cell_of_its_column_is_best():
    models = [scored("encdec-t1", table("encdec-t1", [0.80, 0.84]))]
    table2 = table2_rows(leaderboard(models, "ssim_3d_whole"), "ssim_3d_whole")
    assert not any(row.ours[Algorithm.FCGAN].best for row in table2)


def test_a_further_algorithm_has_a_column_of_its_own_without_the_papers(tmp_path: Path):
    models = [
        scored("encdec-t1", table("encdec-t1", [0.80, 0.84])),
        scored("flow-t1", table("flow-t1", [0.60, 0.64])),
    ]
    table2 = table2_rows(leaderboard(models, "ssim_3d_whole"), "ssim_3d_whole")
    assert [cell.text for cell in table2[0].cells][-1] == "62.00 ± 2.83"
    assert table2[0].is_ours == (True, False, True, False, True)
    assert table2[0].cells[-1].best
    assert "| Rectified flow, ours |" in table2_markdown(table2)
    write_table2_csv(tmp_path / "table2.csv", table2)
    with (tmp_path / "table2.csv").open() as source:
        first = next(csv.DictReader(source))
    assert float(first["flow_mean_pct"]) == pytest.approx(62.0)
    assert "flow_paper_mean_pct" not in first


def test_csv_reads_back_in_percent(tmp_path: Path):
    write_table2_csv(tmp_path / "table2.csv", rows())
    with (tmp_path / "table2.csv").open() as source:
        lines = {line["combination"]: line for line in csv.DictReader(source)}
    assert len(lines) == 31
    assert float(lines["t1c"]["encdec_mean_pct"]) == 91.0
    assert lines["t1c"]["fcgan_mean_pct"] == ""
    assert float(lines["t1c"]["fcgan_paper_mean_pct"]) == 85.76
    assert lines["t1-t2"]["num_sequences"] == "2"


def test_markdown_says_that_the_cohorts_differ():
    text = table2_markdown(rows())
    assert "| T1C | – | 85.76 ± 4.49 | **91.00 ± 1.41** | 85.45 ± 4.18 |" in text
    assert CAPTION in text
