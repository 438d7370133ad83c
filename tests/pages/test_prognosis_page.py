"""The page of prognosis: what was simulated is said first, what cannot be leant on above the numbers."""

from pathlib import Path

from cbvsynth.pages.prognosis_page import write_prognosis
from cbvsynth.survival.prognosis import analyse_prognosis
from tests.pages.web_page import require_good_page
from tests.survival.test_prognosis import table


def test_warning_notes_curves_and_tables_stand_in_this_order(tmp_path: Path):
    result = analyse_prognosis(table(), [12, 24])
    write_prognosis(tmp_path, result, about="Made up.", warning="A <simulation>.")
    html = require_good_page(tmp_path / "prognosis.html")
    places = [
        html.index(words)
        for words in (
            "40 patients, 32 events, median follow-up 32.0 months. 2 patients left out",
            "A &lt;simulation&gt;.",
            "At 24 months: 31 with the event, 4 beyond",
            "<svg",
            "Hazard ratios",
            "What changes",
        )
    ]
    assert places == sorted(places)
    markdown = (tmp_path / "prognosis.md").read_text(encoding="utf-8")
    assert "> **A <simulation>.**" in markdown
    assert "| clinical covariates and synthetic CBV | 4.88 (1) | .027 | 0.771 (0.701 to 0.842) |" in markdown
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == [
        "cox.csv",
        "curves.csv",
        "differences.csv",
        "models.csv",
    ]


def test_tables_without_a_row_are_left_out(tmp_path: Path):
    real_only = analyse_prognosis(table(covariates={}, cbv={"real": table().cbv["real"]}), [12])
    write_prognosis(tmp_path, real_only, about="Made up.", unit="times white matter")
    html = require_good_page(tmp_path / "prognosis.html")
    assert "What changes" not in html
    assert "at or below 3.0 times white matter" in html
