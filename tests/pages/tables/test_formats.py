"""Numbers as people read them, and CSV as programs read it."""

from __future__ import annotations

import csv
from math import nan
from pathlib import Path

import pytest

from cbvsynth.pages.tables.formats import (
    markdown_table,
    mean_sd,
    number,
    p_phrase,
    p_text,
    percent,
    text_table,
    write_csv,
)


def test_csv_keeps_every_digit_and_leaves_missing_numbers_empty(tmp_path: Path):
    write_csv(tmp_path / "a.csv", ("name", "value"), [("x", 0.1 + 0.2), ("y", nan), ("z", None)])
    with (tmp_path / "a.csv").open() as source:
        rows = list(csv.reader(source))
    assert rows == [["name", "value"], ["x", "0.30000000000000004"], ["y", ""], ["z", ""]]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(1.005, 1), "1.0"),
        (number(0.5, 2, signed=True), "+0.50"),
        (number(nan, 2), "–"),
        (number(None, 2), "–"),
        (percent(0.8629), "86.29"),
        (mean_sd(86.29, 4.3), "86.29 ± 4.30"),
        (mean_sd(86.29, nan), "86.29"),
        (mean_sd(nan, nan), "–"),
        (p_text(0.0009), "< .001"),
        (p_text(0.001), ".001"),
        (p_text(0.0361), ".036"),
        (p_text(1.0), "1.000"),
        (p_text(nan), "–"),
        (p_phrase(0.0009), "p < .001"),
        (p_phrase(0.0361), "p = .036"),
    ],
)
def test_numbers_are_shown_as_journals_print_them(shown: str, expected: str):
    assert shown == expected


def test_markdown_aligns_numbers_right_and_keeps_bars_inside_cells():
    lines = markdown_table(("name", "a"), [("x|y", "1")]).splitlines()
    assert lines == ["| name | a |", "| --- | ---: |", "| x\\|y | 1 |"]


def test_text_columns_line_up():
    lines = text_table(("n", "name"), [("1", "a"), ("10", "long name")], frozenset({1})).splitlines()
    assert lines == [" n  name", "--  ---------", " 1  a", "10  long name"]
