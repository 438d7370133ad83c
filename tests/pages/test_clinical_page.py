"""The clinical tables: what is missing is a dash, what was simulated is said first."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.clinical import Read, analyse_reads
from cbvsynth.domain.statistics.roc import PERFECT_NOTE
from cbvsynth.pages.clinical_page import (
    AREA_HEADER,
    GAIN_HEADER,
    KAPPA_HEADER,
    TOGETHER_HEADER,
    area_cells,
    area_note,
    gain_cells,
    kappa_cells,
    together_cells,
    write_clinical,
)
from tests.domain.statistics.test_roc import TIED_FIRST, TIED_SECOND, TRUTH
from tests.domain.test_clinical import reads
from tests.pages.web_page import require_good_page


def test_rows_fit_their_headers_and_what_is_missing_is_a_dash():
    analysis = analyse_reads([*reads("a", "A"), *reads("a", "B"), *reads("b", "A", truth=[1] * len(TRUTH))])
    for result in analysis.results:
        assert len(area_cells(result)) == len(AREA_HEADER)
        assert len(gain_cells(result)) == len(GAIN_HEADER)
    assert set(area_cells(analysis.results[-1])[4:]) == {"–"}
    assert set(gain_cells(analysis.results[-1])[2:]) == {"–"}
    assert [len(together_cells(row)) for row in analysis.together] == [len(TOGETHER_HEADER)]
    assert all(len(kappa_cells(row)) == len(KAPPA_HEADER) for row in analysis.agreements)


def test_one_reader_has_no_agreement_and_a_warning_stands_first(tmp_path: Path):
    write_clinical(tmp_path, analyse_reads(reads()), about="Made up.", warning="A <simulation>.")
    html = require_good_page(tmp_path / "clinical.html")
    assert html.index("A &lt;simulation&gt;.") < html.index("Discrimination")
    assert "Agreement of readers" not in html
    assert "> **A <simulation>.**" in (tmp_path / "clinical.md").read_text(encoding="utf-8")
    assert len((tmp_path / "kappa.csv").read_text().splitlines()) == 1


def test_a_perfect_area_is_no_certainty():
    """'1.000 (1.000 to 1.000)' stood in the table without a word."""
    told = reads("a", "A")
    perfect = [replace(read, p_with_cbv=0.9 if read.truth else 0.1) for read in told]
    assert PERFECT_NOTE in area_note(analyse_reads(perfect))
    assert PERFECT_NOTE not in area_note(analyse_reads(told))


def test_readers_together_have_a_table_and_what_was_left_out_is_told(tmp_path: Path):
    table = [*reads("a", "A"), *reads("a", "B", first=TIED_FIRST, second=TIED_SECOND)]
    write_clinical(
        tmp_path, analyse_reads([*table, Read("only-A", True, 0.1, 0.9, "A", "a")]), about="Made up."
    )
    html = require_good_page(tmp_path / "clinical.html")
    assert "All readers together" in html
    assert "a, all readers: 1 examination left out that not all of them read." in html
    assert "P, fixed, is the safer one" in html, "two readers who agree better than the cases let expect"
    with (tmp_path / "readers_together.csv").open() as source:
        (row,) = csv.DictReader(source)
    assert (row["readers"], row["examinations"], row["left_out"]) == ("2", "18", "1")
    assert float(row["mean_auc_with_cbv"]) - float(row["mean_auc_standard"]) == pytest.approx(
        float(row["difference"]), abs=1e-12
    )
    assert "## All readers together" in (tmp_path / "clinical.md").read_text(encoding="utf-8")
