"""Table 1 for people and for programs."""

from __future__ import annotations

import csv
from pathlib import Path

from cbvsynth.domain.cohort import describe_cohort
from cbvsynth.domain.splits import HELD_OUT, TRAIN
from cbvsynth.pages.cohort_page import HEADER, table1_note, table1_rows, write_table1
from tests.domain.test_cohort import side, visit
from tests.pages.web_page import require_good_page

COHORT = describe_cohort(
    [
        *side(TRAIN, "age", [61.0, 58, 70, None]),
        *side(HELD_OUT, "age", [55.0, 49]),
        visit("x", "", diagnosis="<metastasis>", sex="M"),
        *side(TRAIN, "diagnosis", ["lymphoma"] * 4),
    ]
)


def test_the_table_is_a_page_markdown_and_csv(tmp_path: Path) -> None:
    write_table1(tmp_path, COHORT)
    html = require_good_page(tmp_path / "table1.html")
    assert "&lt;metastasis&gt;" in html
    with (tmp_path / "table1.csv").open(encoding="utf-8") as source:
        rows = list(csv.reader(source))
    assert rows[0] == ["quantity", "found", "excluded", "included", "training", "held out", "P", "test"]
    assert ["patients", "7", "1", "6", "4", "2", "", ""] in rows
    assert "| age, years |" in (tmp_path / "table1.md").read_text(encoding="utf-8")


def test_rows_hold_counts_shares_and_who_is_missing() -> None:
    rows = {row[0].strip(): row[1:] for row in table1_rows(COHORT)}
    assert all(len(row) == len(HEADER) for row in table1_rows(COHORT))
    assert rows["missing"][:5] == ("1 (14 %)", "0 (0 %)", "1 (17 %)", "1 (25 %)", "0 (0 %)")
    assert rows["age, years"][4] == "52.0 ± 4.2 (49 to 55)"
    assert rows["age, years"][1] == "50.0 (50 to 50)"
    assert rows["age, years"][5:] != ("–", "–")
    assert rows["male"][:2] == ("1 (14 %)", "1 (100 %)")


def test_the_note_says_why_there_is_no_test() -> None:
    both = describe_cohort([visit("a", TRAIN), visit("a", HELD_OUT, "2")])
    assert "No test: 1 patient is on both sides of the split." in table1_note(both)
    assert "differs by chance alone" in table1_note(COHORT)


def test_an_empty_column_is_dashes() -> None:
    rows = table1_rows(describe_cohort(side(TRAIN, "age", [50.0])))
    assert next(row for row in rows if row[0] == "age, years")[2] == "–"
