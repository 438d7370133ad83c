"""The page of prognosis: what was simulated is said first, what cannot be leant on above the numbers."""

import csv
from pathlib import Path

import numpy as np

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.pages.prognosis_page import summary, write_prognosis
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


def test_what_was_not_observed_is_said_and_not_printed_as_a_number(tmp_path: Path):
    """Where all died, 'median follow-up inf months' stood; a test that cannot be made has a dash."""
    all_died = table(event=np.ones(40, dtype=bool))
    result = analyse_prognosis(all_died, [12])
    assert summary(result).startswith("40 patients, 40 events, median follow-up not reached.")
    (tmp_path / "few").mkdir()
    cbv = {MapKind.SYNTHETIC: np.array([5, 9, 3, 4, 6, 7, 5.5, 2, 8, 6])}
    time, event = np.array([*range(1, 10), 30.0]), np.isin(np.arange(10), (0, 9))
    few = analyse_prognosis(SurvivalTable(time, event, cbv, {}, 0), [6])
    write_prognosis(tmp_path / "few", few, about="Made up.")
    (row,) = csv.DictReader((tmp_path / "few" / "cox.csv").open(encoding="utf-8"))
    assert (row["proportional_chi2"], row["proportional_p"]) == ("", "")
    ratios = (tmp_path / "few" / "prognosis.md").read_text(encoding="utf-8").split("## Hazard ratios")[1]
    assert next(line for line in ratios.splitlines() if "synthetic CBV" in line).endswith("| – |")
