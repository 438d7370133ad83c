"""`cbvsynth clinical analyse`: from a readers' table to the page."""

import csv

import pytest

from cbvsynth.cli import main
from cbvsynth.records.reads import write_reads
from tests.domain.statistics.test_roc import TRUTH
from tests.domain.test_clinical import reads
from tests.pages.web_page import require_good_page


@pytest.fixture
def table(tmp_path):
    rows = [
        read for task in ("high <grade>?", "recurrence?") for who in ("A", "B") for read in reads(task, who)
    ]
    write_reads(tmp_path / "reads.csv", [*rows, *reads("unanswerable", "A", truth=[0] * len(TRUTH))])
    return tmp_path / "reads.csv"


def test_tables_and_page_are_written_and_the_areas_shown(table, tmp_path, capsys):
    assert main(["clinical", "analyse", str(table), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "0.787 (0.565 to 1.000)  0.900 (0.749 to 1.000)  +1.67  .096          .287" in printed
    assert "note: unanswerable, A, AUC: 0 events and 18 non-events" in printed
    html = require_good_page(tmp_path / "out" / "clinical.html")
    assert "high &lt;grade&gt;?" in html
    assert html.count("<svg") == 2, "a task without a curve has no figure"
    assert str(tmp_path) not in html
    with (tmp_path / "out" / "clinical.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert float(rows[0]["auc_p"]) == pytest.approx(0.0956637316109, abs=1e-9)
    assert float(rows[0]["auc_p_corrected"]) == pytest.approx(3 * 0.0956637316109, abs=1e-9)
    assert rows[-1]["auc_standard"] == ""
    markdown = (tmp_path / "out" / "clinical.md").read_text()
    assert "| recurrence? | B | +1.550 | +0.750 | +0.800 | +5.15 | < .001 |" in markdown
    assert "| high <grade>? | A and B | standard MRI | 18 | 1.00 (1.00 to 1.00) | very good |" in markdown


def test_a_damaged_table_is_told_in_one_line(table, tmp_path, capsys):
    table.write_text(table.read_text().replace("0.62", "62"))
    assert main(["clinical", "analyse", str(table), "--out", str(tmp_path / "out")]) == 1
    assert "line 2: p_standard is '62'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
