"""The report of preprocess: its counts add up, and what a reader must know is a warning."""

from __future__ import annotations

import json
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
