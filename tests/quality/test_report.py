"""The report: self-contained, complete, and safe whatever the study is called."""

from __future__ import annotations

import csv
import json
from pathlib import Path, PurePosixPath

import pytest

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Layout
from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.domain.sequences import Sequence as Mri
from cbvsynth.quality.checks import Group, measurement_checks, shown
from cbvsynth.quality.limits import Learned, Limits, LimitsInUse
from cbvsynth.quality.outcome import judge
from cbvsynth.quality.report import write_outputs
from cbvsynth.quality.suites import Finding
from cbvsynth.quality.survey import Survey
from cbvsynth.records.decisions import read_decisions
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.study.layouts import LeftOut
from cbvsynth.study.manifest import Manifest
from tests.pages.web_page import require_good_page

LIMITS = Limits()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The outputs of a study of two examinations, one of them dropped, with names that try HTML."""
    path = PurePosixPath("x.nii")
    examinations = (
        Examination("good", "p1", "1", dict.fromkeys(PAPER_SEQUENCES, path), age=None),
        Examination("<b>bad</b>", "p2", "1", {Mri.T1: path, Mri.FLAIR: path}),
    )
    surveys = (
        Survey("good", {"snr": 20.5, "adc_median": 875.0}),
        Survey("<b>bad</b>", {"snr": 4.0}),
    )
    findings = (
        Finding("good", "age_known", None, "age is not known"),
        Finding("<b>bad</b>", "snr", Group.POOR_STANDARD, "poor standard MRI: noise & <script>"),
        Finding("", "held_out_share", None, "share of held-out examinations is odd"),
    )
    manifest = Manifest(
        tmp_path / "secret-root",
        Layout.BIDS,
        examinations,
        "1 of 1 files are named so",
        (LeftOut("a <series>", "not one of the five sequences"),),
    )
    out = tmp_path / "out"
    write_outputs(out, manifest, judge(examinations, surveys, findings), LimitsInUse(LIMITS, Learned()))
    return out


def test_every_file_is_there(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "examinations.csv",
        "flow_chart.png",
        "flow_chart.txt",
        "measurements.csv",
        "report.html",
        "report.md",
        "summary.json",
    ]


def test_decisions_can_be_read_by_the_next_step(folder: Path) -> None:
    good, bad = read_decisions(folder / "examinations.csv")

    assert good.accepted
    assert bad.reasons == ("poor standard MRI: noise & <script>",)


def test_measurements_have_a_column_for_every_check_and_are_empty_where_not_judged(folder: Path) -> None:
    with (folder / "measurements.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))

    assert list(rows[0]) == ["exam_id", *(check.column for check in measurement_checks(LIMITS))]
    assert (rows[0]["snr"], rows[0]["adc_median"], rows[1]["adc_median"]) == ("20.5", "875", "")


def test_the_summary_counts_what_the_report_shows(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))

    assert (summary["examinations_found"], summary["examinations_accepted"]) == (2, 1)
    assert summary["dropped_by_group"]["poor standard MRI"] == 1
    assert sum(summary["dropped_by_group"].values()) == summary["examinations_dropped"] == 1
    assert summary["dropped_share"] == 0.5
    assert summary["accepted_with_sequence"] == dict.fromkeys(("t1", "t2", "t1c", "flair", "adc"), 1)
    assert summary["warnings"] == 2
    assert summary["limits"]["snr_min"] == 6


def test_the_page_can_be_read_out_and_asks_nothing_of_the_network(folder: Path) -> None:
    page = require_good_page(folder / "report.html")

    assert "@import" not in page
    assert "Examinations found: n = 2 (2 patients)" in page, "the chart is told in words as well"


def test_the_page_shows_reasons_warnings_values_limits_and_the_note(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")

    for words in (
        RESEARCH_NOTE,
        "noise &amp; &lt;script&gt;",
        "age is not known",
        "share of held-out examinations is odd",
        "a &lt;series&gt;: not one of the five sequences",
        '<td class="n fail">4</td>',
        '<td class="n pass">20.5</td>',
        "above 6",
        "T1, T2-FLAIR",
        "all five",
        "<svg",
    ):
        assert words in page


def test_what_a_study_is_called_cannot_become_part_of_the_page(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")

    assert "<b>bad</b>" not in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page


def test_no_file_names_a_folder_of_this_machine(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        assert str(tmp_path).encode() not in content
        assert b"secret-root" not in content


def test_the_markdown_holds_the_same_decisions(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")

    assert RESEARCH_NOTE in text
    assert "1 of 2 examinations accepted, 1 dropped." in text
    assert "  - poor standard MRI: noise & <script>" in text
    assert "- good: age is not known" in text
    row = "| least signal-to-noise ratio of a standard sequence | poor standard MRI | above 6 "
    assert f"{row}| 2 | 1 | 20.5 | 20.5 | 20.5 |" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.123456, "0.1235"), (0.00088681, "0.0008868"), (12345.6, "12346"), (1e12, "1e+12")],
)
def test_numbers_are_shown_for_people(value: float, text: str) -> None:
    assert shown(value) == text
