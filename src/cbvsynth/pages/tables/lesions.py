"""What a clinician asks for: on which side of a threshold a lesion is put, and where a map errs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cbvsynth.domain.region_errors import RegionError, RegionKind
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.statistics.paired import mean_by_patient
from cbvsynth.domain.wrong_side import sides_by_diagnosis
from cbvsynth.pages.tables.formats import number

LESIONS_HEADER = (
    "diagnosis",
    "lesions",
    "patients",
    "high by real CBV",
    "on the wrong side",
    "low, shown high",
    "high, shown low",
)
REGIONS_HEADER = ("region", "", "patients", "mean absolute error", "bias")


def lesion_rows(scores: Sequence[ExamScore], threshold: float) -> list[tuple[str, ...]]:
    """One row a diagnosis and one for all; none where there is no lesion."""
    return [
        (
            side.diagnosis or "all",
            str(side.lesions),
            str(side.patients),
            str(side.real_high),
            f"{side.wrong} ({100 * side.wrong / side.lesions:.0f} %)",
            str(side.shown_high),
            str(side.shown_low),
        )
        for side in sides_by_diagnosis(scores, threshold)
    ]


def lesions_note(threshold: float, target_unit: str) -> str:
    """What the side of a lesion means."""
    return (
        f"High is a mean lesion CBV of {threshold:g} {UNIT_WORDS[target_unit]} or more. The threshold is a "
        "setting (lesion_threshold) and no clinical advice: none of absolute CBV is agreed on."
    )


def region_rows(regions: Sequence[RegionError]) -> list[tuple[str, ...]]:
    """Mean error and bias by region, all kinds but the places; a patient counts once."""
    rows = []
    for kind, name in dict.fromkeys((row.kind, row.region) for row in regions):
        if kind is RegionKind.PLACE:
            continue
        chosen = [row for row in regions if (row.kind, row.region) == (kind, name)]
        patients = [row.subject_id for row in chosen]
        rows.append(
            (
                str(kind),
                name,
                str(len(set(patients))),
                number(float(mean_by_patient([row.mae for row in chosen], patients).mean()), 2),
                number(float(mean_by_patient([row.bias for row in chosen], patients).mean()), 2, signed=True),
            )
        )
    order = list(RegionKind)
    return sorted(rows, key=lambda row: order.index(RegionKind(row[0])))


def mean_error_of(regions: Sequence[RegionError], name: str) -> float:
    """Mean absolute error of one place, a patient counting once; NaN where no examination has it."""
    chosen = [row for row in regions if row.kind is RegionKind.PLACE and row.region == name]
    if not chosen:
        return float("nan")
    return float(np.mean(mean_by_patient([row.mae for row in chosen], [row.subject_id for row in chosen])))


def regions_note(target_unit: str) -> str:
    """What the regions are."""
    return (
        f"Held-out examinations, {UNIT_WORDS[target_unit]}, averaged by patient. Tissue classes are rough: "
        "three classes by free water, from the images themselves. Regions of different kinds overlap."
    )
