"""What readers' scores say, with and without something to discuss."""

from __future__ import annotations

import csv
from pathlib import Path

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Rating, StudyItem, analyse_ratings
from cbvsynth.domain.reading_forms import AGAINST_TRUTH, BLINDED, Form
from cbvsynth.pages.reader_results_page import (
    FormResult,
    distribution_header,
    distribution_rows,
    write_results,
)
from tests.pages.web_page import require_good_page


def result(first: int, second: int, form: Form = BLINDED):
    items, ratings = [], []
    for reader, score in (("A", first), ("B", second)):
        for number, kind in enumerate(MapKind if form is BLINDED else [MapKind.SYNTHETIC]):
            code = f"{reader}{number}"
            items.append(StudyItem(reader, number, code, "e1", "p1", kind))
            ratings.append(Rating(reader, code, {criterion.key: score for criterion in form.criteria}))
    return analyse_ratings(items, ratings, apart=2, form=form)


def test_scores_that_lie_apart_are_listed_for_discussion(tmp_path: Path):
    write_results(tmp_path, [FormResult(result(0, 3), {})], study="s1", apart=2)
    html = require_good_page(tmp_path / "results.html")
    assert "6 scores in which readers differ by 2 points or more, the furthest apart first." in html
    with (tmp_path / "consensus.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == 6
    assert (rows[0]["reader A"], rows[0]["reader B"]) == ("0", "3")


def test_readers_who_agree_have_nothing_to_discuss(tmp_path: Path):
    agreed = result(2, 2)
    write_results(tmp_path, [FormResult(agreed, {})], study="s1", apart=2)
    assert "0 scores in which readers differ by 2 points or more." in require_good_page(
        tmp_path / "results.html"
    )
    assert "0 scores in which" in (tmp_path / "results.md").read_text(encoding="utf-8")
    rows = distribution_rows(agreed)
    assert len(rows) == 6
    assert all(len(row) == len(distribution_header(BLINDED)) for row in rows)
    assert rows[0][2:7] == ("0", "0", "2", "0", "2.00")


def test_both_forms_stand_side_by_side_and_what_was_settled_apart_from_first_scores(tmp_path: Path):
    settled = {("e1", MapKind.SYNTHETIC, "degree"): 1}
    results = [FormResult(result(2, 2), {}), FormResult(result(0, 3, AGAINST_TRUTH), settled)]
    write_results(tmp_path, results, study="s1", apart=2)
    html = require_good_page(tmp_path / "results.html")
    assert html.index("Blinded: each map by itself") < html.index("Against the truth")
    assert html.index("0 very poor") < html.index("After discussion")
    with (tmp_path / "distribution.csv").open() as source:
        first = {(row["criterion"], row["map"]): row for row in csv.DictReader(source)}
    assert [first["degree", "synthetic"][f"count_{point}"] for point in range(4)] == ["1", "0", "0", "1"]
    with (tmp_path / "final.csv").open() as source:
        final = {(row["criterion"], row["map"]): row for row in csv.DictReader(source)}
    degree, border = final["degree", "synthetic"], final["border", "synthetic"]
    assert [degree[one] for one in ("count_1", "discussed", "unsettled", "mean")] == ["1", "1", "0", "1.0"]
    assert [border[one] for one in ("count_1", "discussed", "unsettled", "mean")] == ["0", "0", "1", ""]
    with (tmp_path / "consensus.csv").open() as source:
        rows = {row["criterion"]: row["consensus"] for row in csv.DictReader(source)}
    assert rows == {"Perfusion distribution": "", "Perfusion degree": "1", "Border and shape": ""}
    markdown = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "### After discussion" in markdown


def test_what_was_settled_on_closer_scores_is_not_lost_from_the_table(tmp_path: Path):
    close = FormResult(result(1, 2, AGAINST_TRUTH), {("e1", MapKind.SYNTHETIC, "border"): 2})
    write_results(tmp_path, [close], study="s1", apart=2)
    with (tmp_path / "consensus.csv").open() as source:
        (row,) = csv.DictReader(source)
    assert (row["criterion"], row["reader A"], row["consensus"]) == ("Border and shape", "1", "2")
