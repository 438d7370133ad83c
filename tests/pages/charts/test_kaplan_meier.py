"""Kaplan-Meier curves: two lines told apart without colour, and how many are still followed."""

import re

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.pages.charts.kaplan_meier import kaplan_meier_chart
from cbvsynth.survival.prognosis import analyse_prognosis
from tests.survival.test_prognosis import table


def test_halves_have_a_solid_and_a_dashed_line_and_numbers_at_risk():
    split = analyse_prognosis(table(covariates={}), [12]).splits[0]
    chart = kaplan_meier_chart(split, "mL/100 g")
    svg = str(chart.svg())
    assert ">Synthetic CBV of the lesion</text>" in svg
    for words in ("≤ 3.2 mL/100 g", "&gt; 3.2 mL/100 g", "21", "19", "still followed"):
        assert f">{words}</text>" in svg, words
    assert "stroke-dasharray" in svg.partition('<g id="legend')[0]
    assert chart.description == (
        "≤ 3.2: 21 patients, 14 events, median survival in months 11.0; > 3.2: 19 patients, 18 events, "
        "median survival in months 4.0. Log-rank test: p = .011"
    )


@pytest.mark.parametrize(("scale", "last"), [(0.1, "4"), (1, "48"), (30, "1200")])
def test_months_are_whole_whatever_the_follow_up(scale, last):
    whole = table(covariates={})
    split = analyse_prognosis(
        SurvivalTable(whole.time_months * scale, whole.event, whole.cbv, {}, 0), [12 * scale]
    ).splits[0]
    ticks = re.findall(
        r">(\d+)</text>", str(kaplan_meier_chart(split, "mL/100 g").svg()).partition("Months")[0]
    )
    assert ticks[-1] == last


def test_a_half_without_events_is_drawn_and_its_median_not_reached():
    event = np.array([0] * 4 + [1] * 4, dtype=bool)
    whole = SurvivalTable(
        np.array([9.0, 10, 11, 12, 5, 6, 7, 8]),
        event,
        {MapKind.REAL: np.array([1.0, 2, 1.5, 1.2, 5, 6, 4, 8])},
        {},
        0,
    )
    chart = kaplan_meier_chart(analyse_prognosis(whole, [6]).splits[0], "mL/100 g")
    assert "≤ 3.0: 4 patients, 0 events, median survival in months not reached" in chart.description
    assert chart.svg()
