"""ROC curves: two lines a reader, told apart without colour."""

import re

from cbvsynth.domain.clinical import analyse_reads
from cbvsynth.pages.charts.roc import roc_chart
from tests.domain.statistics.test_roc import TRUTH
from tests.domain.test_clinical import reads


def results(*rows):
    return analyse_reads([read for row in rows for read in row]).results


def test_every_reader_has_a_solid_and_a_dashed_line_with_its_area():
    chart = roc_chart("grade", results(reads("grade", "A"), reads("grade", "B")))
    svg = str(chart.svg())
    for words in ("A, with CBV: 0.900", "A, without: 0.787", "B, with CBV: 0.900", "B, without: 0.787"):
        assert f">{words}</text>" in svg
    drawn = svg.partition('<g id="legend')[0]
    assert len(re.findall("stroke-dasharray", drawn)) >= 2
    assert chart.title == "ROC curves: grade"
    assert "B: area 0.787 with standard MRI, 0.900 with standard MRI and synthetic CBV" in chart.description


def test_a_task_that_only_has_events_has_no_curve_and_a_reader_without_one_is_left_out():
    only_events = reads("grade", "A", truth=[1] * len(TRUTH))
    assert roc_chart("grade", results(only_events)) is None
    chart = roc_chart("grade", results(only_events, reads("grade", "B")))
    assert chart.description.startswith("B: ")


def test_more_readers_than_colours_are_drawn():
    rows = [reads("grade", letter) for letter in "ABCDEFGHI"]
    assert "I, without: 0.787</text>" in roc_chart("grade", results(*rows)).svg()
