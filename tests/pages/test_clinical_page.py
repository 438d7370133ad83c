"""The clinical tables: what is missing is a dash, what was simulated is said first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cbvsynth.domain.clinical import analyse_reads
from cbvsynth.domain.statistics.roc import PERFECT_NOTE
from cbvsynth.pages.clinical_page import (
    AREA_HEADER,
    GAIN_HEADER,
    KAPPA_HEADER,
    area_cells,
    area_note,
    gain_cells,
    kappa_cells,
    write_clinical,
)
from tests.domain.statistics.test_roc import TRUTH
from tests.domain.test_clinical import reads
from tests.pages.web_page import require_good_page


def test_rows_fit_their_headers_and_what_is_missing_is_a_dash():
    analysis = analyse_reads([*reads("a", "A"), *reads("a", "B"), *reads("b", "A", truth=[1] * len(TRUTH))])
    for result in analysis.results:
        assert len(area_cells(result)) == len(AREA_HEADER)
        assert len(gain_cells(result)) == len(GAIN_HEADER)
    assert set(area_cells(analysis.results[-1])[4:]) == {"–"}
    assert set(gain_cells(analysis.results[-1])[2:]) == {"–"}
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
