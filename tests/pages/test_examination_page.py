"""The tables of one examination: real against synthetic, and its scores beside their means."""

from __future__ import annotations

from math import nan

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.pages.examination_page import measure_rows, score_rows
from tests.domain.selection.tables import score


def measures(kind: MapKind, *values: float) -> dict[tuple[str, MapKind], MapMeasures]:
    return {("e1", kind): MapMeasures("e1", kind, *values)}


def test_the_difference_is_synthetic_minus_real_and_relative_to_real():
    real = measures(MapKind.REAL, 3.0, 4.0, 8.0, 2.0, 4.0)
    synthetic = measures(MapKind.SYNTHETIC, 3.0, 5.0, 6.0, 2.0, 3.0)
    rows = {row[0]: row[1:] for row in measure_rows(real | synthetic, "e1", "mL/100 g")}
    assert len(rows) == 5
    assert rows["lesion CBV, mL/100 g"] == ("4.00", "5.00", "+1.00", "+25 %")
    assert rows["hot-spot nCBV (hot spot over white matter)"] == ("4.00", "3.00", "-1.00", "-25 %")
    assert rows["brain, mL/100 g"] == ("3.00", "3.00", "+0.00", "+0 %")


def test_what_was_not_measured_is_a_dash():
    found = measures(MapKind.REAL, 3.0, nan, nan, 2.0, nan)
    rows = measure_rows(found, "e1", "mL/100 g")
    assert all(row[2:] == ("–", "–", "–") for row in rows)
    assert measure_rows({}, "e1", "mL/100 g")[0][1:] == ("–", "–", "–", "–")


def test_scores_are_in_percent_beside_their_means():
    own = score("encdec-t1", 1, 0.8)
    means = {name: getattr(own, name) / 2 for name in vars(own) if isinstance(getattr(own, name), float)}
    rows = score_rows(own, means, "mL/100 g")
    assert rows[0] == ("SSIM, whole volume, %", "80.00", "40.00")
    assert rows[-1] == ("lesion volume, mL", "12.0", "6.0")
    assert score_rows(None, means, "mL/100 g") == []
