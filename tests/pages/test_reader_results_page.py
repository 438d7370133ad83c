"""What readers' scores say, with and without something to discuss."""

from __future__ import annotations

import csv
from pathlib import Path

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import CRITERIA, Rating, StudyItem, analyse_ratings
from cbvsynth.pages.reader_results_page import DISTRIBUTION_HEADER, distribution_rows, write_results
from tests.pages.web_page import require_good_page


def result(first: int, second: int):
    items, ratings = [], []
    for reader, score in (("A", first), ("B", second)):
        for number, kind in enumerate(MapKind):
            code = f"{reader}{number}"
            items.append(StudyItem(reader, number, code, "e1", "p1", kind))
            ratings.append(Rating(reader, code, {criterion.key: score for criterion in CRITERIA}))
    return analyse_ratings(items, ratings, apart=2)


def test_scores_that_lie_apart_are_listed_for_discussion(tmp_path: Path):
    write_results(tmp_path, result(0, 3), study="s1", apart=2)
    html = require_good_page(tmp_path / "results.html")
    assert "6 scores in which readers differ by 2 points or more, the furthest apart first." in html
    with (tmp_path / "consensus.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == 6
    assert (rows[0]["reader A"], rows[0]["reader B"]) == ("0", "3")


def test_readers_who_agree_have_nothing_to_discuss(tmp_path: Path):
    agreed = result(2, 2)
    write_results(tmp_path, agreed, study="s1", apart=2)
    assert "0 scores in which readers differ by 2 points or more." in require_good_page(
        tmp_path / "results.html"
    )
    assert "0 scores in which" in (tmp_path / "results.md").read_text(encoding="utf-8")
    rows = distribution_rows(agreed)
    assert len(rows) == 6
    assert all(len(row) == len(DISTRIBUTION_HEADER) for row in rows)
    assert rows[0][2:7] == ("0", "0", "2", "0", "2.00")
