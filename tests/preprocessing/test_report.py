"""The report of preprocess: its counts add up, and what a reader must know is a warning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.splits import SplitReport
from cbvsynth.preprocessing.arrays import ArrayFacts
from cbvsynth.preprocessing.report import StudyReport, build_report, report_markdown, write_report
from tests.training.cached_study import SHAPE, SPACING_MM, write_study


def facts(shape: tuple[int, int, int] = SHAPE, resampled: tuple[str, ...] = ()) -> ArrayFacts:
    return ArrayFacts("f", ("cbv",), shape, SPACING_MM, (), resampled, "file", "1e-6 mm2/s", 3.0, 0.0125)


@pytest.fixture
def report(tmp_path: Path) -> StudyReport:
    index = write_study(tmp_path / "study", train=2, held_out=1, without_adc=["e02"])
    found = {"e00": facts(), "e01": facts((16, 16, 8), ("flair",)), "e02": facts()}
    return build_report(PreprocessConfig(held_out_share=0.3), index, SplitReport(2, 1, 2, 1, 1, 1), found)


def test_sequences_and_diagnoses_are_counted_on_both_sides(report: StudyReport):
    assert report.available["t1"] == {"train": 2, "held-out": 1}
    assert report.available["adc"] == {"train": 2, "held-out": 0}
    assert sum(side["train"] for side in report.diagnoses.values()) == 2
    assert report.highest_negative_share == 0.0125


def test_what_spoils_a_comparison_is_a_warning(report: StudyReport):
    text = " ".join(report.warnings)
    assert "1 patient is on both sides, as the manifest prescribes: 100% of the held-out examinations" in text
    assert "The study has 2 different grids." in text


def test_the_page_tells_the_counts_and_the_remarks(report: StudyReport):
    page = report_markdown(report)
    assert "| with ADC | 2 | 0 |" in page
    assert "- Images that were resampled: flair (1)." in page
    assert "in one brain at most 1.25% of the voxels" in page


def test_programs_read_the_same_numbers(report: StudyReport, tmp_path: Path):
    write_report(tmp_path, report)
    stored = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert stored["split"]["train_examinations"] == 2
    assert stored["warnings"] == list(report.warnings)
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report_markdown(report)


def test_how_far_images_lay_apart_is_told(tmp_path: Path):
    index = write_study(tmp_path / "study", train=1, held_out=1)
    apart = replace(
        facts(),
        displacements_mm={"t2": 6.25, "cbv": 0.4},
        moved=("t2",),
        placing_warnings=("a: T2 lay 6.2 mm off T1 and was moved into place",),
    )
    found = {"e00": apart, "e01": replace(facts(), displacements_mm={"t2": 0.25})}
    report = build_report(PreprocessConfig(), index, SplitReport(1, 1, 1, 1, 0, 0), found)
    assert report.displacements_mm["t2"] == {"examinations": 2, "median": 3.25, "largest": 6.25}
    assert report.moved == {"t2": 1}
    assert "a: T2 lay 6.2 mm off T1 and was moved into place" in report.warnings
    page = report_markdown(report)
    assert "Registration (rigid): CBV in 1, median 0.4 mm, largest 0.4 mm, moved 0; T2 in 2, median" in page


def test_a_study_of_prepared_images_is_told_as_such(report: StudyReport):
    assert "Registration (rigid): nothing was measured." in report_markdown(report)
