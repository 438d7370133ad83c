"""The pages of an evaluation: Table 2, and what is said of models that could not be trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.pages.evaluation_page import not_trained_markdown, write_table2_page
from cbvsynth.pages.tables.table2 import CAPTION
from tests.domain.selection.tables import EVIDENCE, constant_mean, steady
from tests.pages.tables.test_table2 import rows
from tests.pages.web_page import require_good_page


def test_table_2_has_a_page_that_says_that_the_cohorts_differ(tmp_path: Path):
    write_table2_page(tmp_path / "table2.html", rows())
    html = require_good_page(tmp_path / "table2.html")
    assert CAPTION.replace("'", "&#39;") in html
    assert '<td class="ours best">91.00 ± 1.41</td>' in html
    assert html.count("<tr>") == 2 + 31


def test_models_without_a_result_are_named_with_why():
    settings = GateSettings(bootstrap_samples=100)
    whole = evaluate_sweep([steady("encdec-t1", 0.8)], constant_mean(), None, settings, EVIDENCE)
    assert not_trained_markdown(whole) == []
    first, second = not_trained_markdown(replace(whole, not_trained={"encdec-t2": "out of memory"}))
    assert first.startswith("**1 of the 2 models of this sweep could not be trained;")
    assert second == "- encdec-t2: out of memory"
