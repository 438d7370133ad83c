"""Stacked bars of readers' scores."""

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import Distribution
from cbvsynth.domain.reading_forms import BLINDED
from cbvsynth.pages.charts.reader_scores import score_chart


def test_counts_are_written_inside_and_told_in_words():
    chart = score_chart([Distribution(BLINDED.criteria[0], MapKind.REAL, (7, 11, 13, 1), 1.2, 0.6)], BLINDED)
    svg = str(chart.svg())
    assert all(f">{count}</text>" in svg for count in (7, 11, 13))
    assert ">1</text>" not in svg, "a part of 3 % is too narrow for its number"
    assert ">Anatomy, real</text>" in svg
    assert all(f">{score} {word}</text>" in svg for score, word in enumerate(BLINDED.scale))
    assert chart.description == "Anatomy, real: 7 times 0, 11 times 1, 13 times 2, 1 times 3"
