"""The map of the error, seen from above."""

from __future__ import annotations

from cbvsynth.domain.region_errors import DEPTHS, HEIGHTS, SIDES, RegionError, RegionKind, place_name
from cbvsynth.pages.charts.places import places_chart


def test_the_largest_error_is_named_and_every_place_is_drawn():
    rows = [
        RegionError("e0", "p0", RegionKind.PLACE, place_name(side, depth, height), 9, 0.5, 0.0)
        for side in SIDES
        for depth in DEPTHS
        for height in HEIGHTS
    ]
    rows[4] = RegionError("e0", "p0", RegionKind.PLACE, rows[4].region, 9, 2.0, 0.0)
    chart = places_chart(rows, "encdec-t1", "mL/100g")
    assert chart is not None
    assert f"Largest: {rows[4].region}, 2.00; smallest 0.50" in chart.description
    drawn = str(chart.svg())
    assert drawn.count(">0.50<") == 17
    assert ">2.00<" in drawn


def test_without_places_there_is_no_chart():
    row = RegionError("e0", "p0", RegionKind.TISSUE, "fluid", 9, 0.5, 0.0)
    assert places_chart([row], "encdec-t1", "mL/100g") is None
