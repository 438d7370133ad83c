"""What a model's own doubt is worth: how often its intervals hold, and whether it doubts where it errs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cbvsynth.domain.statistics.conformal import risk_coverage_area

LEVEL = 0.9
"""Probability of every interval. Of voxels: at least this share of a new patient's lies inside, in as many
patients. Of a lesion: its real mean does."""
SDS_IN_HALF_WIDTH = 1.645
"""Standard deviations in half of a normal distribution's 90 % interval: what `cbv_sd` is of the interval."""


@dataclass(frozen=True)
class ExamUncertainty:
    """One held-out examination, judged by intervals that the other patients calibrated. Target unit.

    Lesion values are NaN without a segmented lesion; widths and coverage NaN for a single patient.
    """

    exam_id: str
    subject_id: str
    diagnosis: str
    brain_error: float
    """Mean absolute error of the brain's voxels."""
    brain_half_width: float
    """Mean half width of their intervals."""
    brain_coverage: float
    """Share of them whose real CBV lies inside."""
    lesion_real: float
    lesion_synthetic: float
    lesion_half_width: float


@dataclass(frozen=True)
class RegionInterval:
    """What a served model says of the mean of a region, in the map's unit."""

    low: float
    high: float
    reading: Reading


def region_interval(mean: float, sd_mean: float, lesion_sds: float, threshold: float) -> RegionInterval:
    """The interval of a region's mean, and on which side of a threshold it lies.

    Args:
        mean: of the map in the region.
        sd_mean: of `cbv_sd` there.
        lesion_sds: half of a lesion's interval over its mean `cbv_sd`, as the model states it; without one,
            0, that of a single voxel is taken, which is wider than a mean's.
        threshold: in the map's unit.
    """
    half_width = (lesion_sds or SDS_IN_HALF_WIDTH) * sd_mean
    reading = reading_of(mean, half_width, threshold)
    return RegionInterval(max(mean - half_width, 0.0), mean + half_width, reading)


class Reading(StrEnum):
    """On which side of a threshold a lesion's interval lies."""

    LOW = "low"
    HIGH = "high"
    UNDECIDED = "undecided"


def reading_of(value: float, half_width: float, threshold: float) -> Reading:
    """Undecided where the interval spans the threshold, or has no width that is known."""
    if not math.isfinite(half_width) or value - half_width < threshold <= value + half_width:
        return Reading.UNDECIDED
    return Reading.HIGH if value >= threshold else Reading.LOW


@dataclass(frozen=True)
class UncertaintySummary:
    """Of one diagnosis (empty: of all). Shares are of 1; areas in the target unit.

    NaN without lesions, or without their intervals.
    """

    diagnosis: str
    examinations: int
    patients: int
    brain_coverage: float
    lesions: int
    lesion_coverage: float
    area: float
    """Under the risk-coverage curve of lesions: mean error of the surest, averaged over how many are kept."""
    area_blind: float
    """The same where doubt knows nothing: the mean error."""
    area_best: float
    """The same where the order is that of the errors themselves."""
    undecided: int
    wrong: int
    """Lesions whose interval lies on one side of the threshold, and the real value on the other."""


def summaries_by_diagnosis(
    rows: Iterable[ExamUncertainty], threshold: float
) -> tuple[UncertaintySummary, ...]:
    """By diagnosis, sorted, and over all last; empty where there is no row.

    Args:
        rows: of one model.
        threshold: of lesion CBV, target unit.
    """
    found = list(rows)
    if not found:
        return ()
    names = sorted({row.diagnosis or "not given" for row in found})
    groups = [[row for row in found if (row.diagnosis or "not given") == name] for name in names]
    return tuple(
        _summary(name, group, threshold) for name, group in zip((*names, ""), (*groups, found), strict=True)
    )


def _summary(name: str, rows: Sequence[ExamUncertainty], threshold: float) -> UncertaintySummary:
    lesions = [row for row in rows if math.isfinite(row.lesion_real)]
    errors = np.array([abs(row.lesion_synthetic - row.lesion_real) for row in lesions])
    widths = np.array([row.lesion_half_width for row in lesions])
    readings = [reading_of(row.lesion_synthetic, row.lesion_half_width, threshold) for row in lesions]
    wrong = sum(
        reading is not Reading.UNDECIDED and (reading is Reading.HIGH) != (row.lesion_real >= threshold)
        for reading, row in zip(readings, lesions, strict=True)
    )
    return UncertaintySummary(
        diagnosis=name,
        examinations=len(rows),
        patients=len({row.subject_id for row in rows}),
        brain_coverage=float(np.mean([row.brain_coverage for row in rows])),
        lesions=len(lesions),
        lesion_coverage=float(np.mean(errors <= widths))
        if np.isfinite(widths).all() and lesions
        else math.nan,
        area=risk_coverage_area(errors, widths) if lesions else math.nan,
        area_blind=float(errors.mean()) if lesions else math.nan,
        area_best=risk_coverage_area(errors, errors) if lesions else math.nan,
        undecided=readings.count(Reading.UNDECIDED),
        wrong=wrong,
    )
