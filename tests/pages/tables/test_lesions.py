"""Sides of a threshold and errors by region, as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.domain.region_errors import RegionError, RegionKind
from cbvsynth.pages.tables.lesions import lesion_rows, lesions_note, mean_error_of, region_rows, regions_note
from tests.domain.selection.tables import score

ROW = RegionError("e0", "p0", RegionKind.TISSUE, "white matter", 100, 1.0, -0.5)


def test_a_row_says_how_many_lesions_are_on_the_wrong_side():
    scores = [score("encdec-t1", 0, 0.8), score("encdec-t1", 1, 0.8, lesion=-2.0)]
    assert lesion_rows(scores, 4.25) == [
        ("lymphoma", "2", "2", "2", "1 (50 %)", "0", "1"),
        ("all", "2", "2", "2", "1 (50 %)", "0", "1"),
    ]
    assert "4.25 mL/100 g or more" in lesions_note(4.25, "mL/100g")


def test_a_patient_of_two_examinations_counts_once():
    rows = [ROW, replace(ROW, exam_id="e1", mae=3.0), replace(ROW, exam_id="e2", subject_id="p1", mae=5.0)]
    assert region_rows(rows) == [("tissue outside the lesion", "white matter", "2", "3.50", "-0.50")]
    assert "(relative CBV)" in regions_note("relative")


def test_the_kinds_stand_in_one_order_and_places_are_for_the_picture():
    rows = [
        replace(ROW, kind=RegionKind.DEPTH),
        replace(ROW, kind=RegionKind.PLACE, region="left front low"),
        ROW,
    ]
    assert [row[0] for row in region_rows(rows)] == [str(RegionKind.TISSUE), str(RegionKind.DEPTH)]
    assert mean_error_of(rows, "left front low") == pytest.approx(1.0)
    assert mean_error_of(rows, "right front low") != mean_error_of(rows, "right front low")
