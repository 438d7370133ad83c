"""The table of a model's doubt."""

from __future__ import annotations

import math

from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.pages.tables.uncertainty import (
    UNCERTAINTY_HEADER,
    interval_sentence,
    uncertainty_note,
    uncertainty_rows,
)


def test_a_row_for_each_diagnosis_and_one_for_all():
    rows = [
        ExamUncertainty("a", "p1", "lymphoma", 0.5, 1.0, 0.9, 3.0, 3.25, 0.5),
        ExamUncertainty("b", "p2", "glioma", 0.5, 1.0, 0.8, 6.0, 4.0, 1.0),
        ExamUncertainty("c", "p3", "glioma", 0.5, 1.0, 0.7, math.nan, math.nan, math.nan),
    ]
    glioma, lymphoma, overall = uncertainty_rows(rows, 4.25)
    assert glioma == ("glioma", "2", "75 %", "0 %", "2.00", "2.00", "2.00", "1 of 1", "0")
    assert lymphoma[:4] == ("lymphoma", "1", "90 %", "100 %")
    assert (overall[0], overall[-2:]) == ("all", ("1 of 2", "0"))
    assert len(overall) == len(UNCERTAINTY_HEADER)
    assert uncertainty_rows([], 4.25) == []


def test_the_note_names_level_and_threshold():
    note = uncertainty_note(4.25, "mL/100g")
    assert "asked for 90 %" in note
    assert "spans 4.25 is undecided" in note


def test_a_lesions_interval_is_told_with_its_side_of_the_threshold() -> None:
    one = ExamUncertainty("a", "p1", "lymphoma", 0.5, 1.0, 0.9, 3.0, 4.0, 0.5)
    assert interval_sentence(one, 4.25, "mL/100 g").endswith(
        "is 3.50 to 4.50 mL/100 g: undecided at the threshold of 4.25."
    )
    assert ": below the threshold of 6." in interval_sentence(one, 6.0, "mL/100 g")
    assert ": at or above the threshold of 2." in interval_sentence(one, 2.0, "mL/100 g")
    assert interval_sentence(None, 4.25, "mL/100 g") == ""
    without = ExamUncertainty("c", "p3", "glioma", 0.5, 1.0, 0.7, math.nan, math.nan, math.nan)
    assert interval_sentence(without, 4.25, "mL/100 g") == ""
