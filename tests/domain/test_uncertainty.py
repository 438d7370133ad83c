"""Coverage, undecided lesions and the worth of doubt, by diagnosis."""

from __future__ import annotations

import math

import pytest

from cbvsynth.domain.uncertainty import (
    ExamUncertainty,
    Reading,
    reading_of,
    region_interval,
    summaries_by_diagnosis,
)


def exam(name: str, diagnosis: str, real: float, synthetic: float, half: float) -> ExamUncertainty:
    return ExamUncertainty(name, f"p-{name}", diagnosis, 0.5, 1.0, 0.9, real, synthetic, half)


@pytest.mark.parametrize(
    ("value", "half", "reading"),
    [
        (4.0, 0.2, Reading.LOW),
        (4.0, 0.25, Reading.UNDECIDED),  # the upper end is at the threshold, which counts as high
        (4.0, 1.0, Reading.UNDECIDED),
        (4.25, 0.0, Reading.HIGH),
        (5.0, 0.75, Reading.HIGH),
        (5.0, 0.76, Reading.UNDECIDED),
        (9.0, math.nan, Reading.UNDECIDED),
    ],
)
def test_an_interval_that_spans_the_threshold_is_undecided(
    value: float, half: float, reading: Reading
) -> None:
    assert reading_of(value, half, 4.25) is reading


def test_lesions_are_counted_by_diagnosis_and_over_all() -> None:
    rows = [
        exam("a", "lymphoma", 3.0, 3.2, 0.5),  # inside, low, right
        exam("b", "lymphoma", 3.0, 6.0, 0.5),  # outside, high, wrong
        exam("c", "glioma", 6.0, 5.0, 1.5),  # inside, undecided
        exam("d", "", math.nan, math.nan, math.nan),
    ]
    glioma, lymphoma, unknown, overall = summaries_by_diagnosis(rows, 4.25)
    assert [one.diagnosis for one in (glioma, lymphoma, unknown, overall)] == [
        "glioma",
        "lymphoma",
        "not given",
        "",
    ]
    assert (lymphoma.lesions, lymphoma.lesion_coverage, lymphoma.undecided, lymphoma.wrong) == (2, 0.5, 0, 1)
    assert (glioma.lesion_coverage, glioma.undecided, glioma.wrong) == (1.0, 1, 0)
    assert (unknown.lesions, math.isnan(unknown.area)) == (0, True)
    assert (overall.examinations, overall.lesions, overall.undecided, overall.wrong) == (4, 3, 1, 1)
    assert overall.area_blind == pytest.approx((0.2 + 3.0 + 1.0) / 3)
    assert overall.area == pytest.approx((0.2 + 1.6 + 1.4) / 3)
    assert overall.area_best == pytest.approx((0.2 + 0.6 + 1.4) / 3)
    assert summaries_by_diagnosis([], 4.25) == ()


def test_coverage_of_intervals_without_a_width_is_not_known() -> None:
    """One lesion in the study has nobody to calibrate it; its coverage was told as 0 %."""
    (_, overall) = summaries_by_diagnosis([exam("a", "glioma", 3.0, 3.2, math.nan)], 4.25)
    assert math.isnan(overall.lesion_coverage)


def test_a_regions_interval_is_as_wide_as_lesions_asked_for_or_a_voxels() -> None:
    found = region_interval(4.0, 0.5, 1.0, 4.25)
    assert (found.low, found.high, found.reading) == (3.5, 4.5, Reading.UNDECIDED)
    assert region_interval(4.0, 0.5, 0.25, 4.25).reading is Reading.LOW
    assert region_interval(4.0, 0.5, 0.0, 4.25).high == 4.0 + 1.645 * 0.5
    assert region_interval(1.0, 2.0, 1.0, 4.25).low == 0.0
