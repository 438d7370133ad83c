"""What a model's own doubt is worth, by diagnosis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.uncertainty import (
    LEVEL,
    ExamUncertainty,
    Reading,
    reading_of,
    summaries_by_diagnosis,
)
from cbvsynth.pages.tables.formats import DASH, number

UNCERTAINTY_HEADER = (
    "diagnosis",
    "examinations",
    "voxels inside",
    "lesions inside",
    "error of the surest lesions",
    "of all",
    "at best",
    "undecided",
    "decided wrongly",
)


def uncertainty_rows(rows: Sequence[ExamUncertainty], threshold: float) -> list[tuple[str, ...]]:
    """One row a diagnosis and one for all; none where the model learned no spread."""
    return [
        (
            one.diagnosis or "all",
            str(one.examinations),
            _share(one.brain_coverage),
            _share(one.lesion_coverage),
            *(number(area, 2) for area in (one.area, one.area_blind, one.area_best)),
            f"{one.undecided} of {one.lesions}",
            str(one.wrong),
        )
        for one in summaries_by_diagnosis(rows, threshold)
    ]


def uncertainty_note(threshold: float, target_unit: str) -> str:
    """How to read the table."""
    return (
        f"Intervals are asked for {100 * LEVEL:.0f} %; a patient's are calibrated on the other held-out "
        "patients. The error of the surest lesions is the area under the risk-coverage curve, in "
        f"{UNIT_WORDS[target_unit]}: the mean error of the lesions with the narrowest intervals, averaged "
        "over how many are kept. Doubt that knows nothing reaches the error of all; none does better than "
        f"'at best'. A lesion whose interval spans {threshold:g} is undecided."
    )


_WORDS = {Reading.LOW: "below", Reading.HIGH: "at or above", Reading.UNDECIDED: "undecided at"}


def interval_sentence(one: ExamUncertainty | None, threshold: float, unit: str) -> str:
    """What the model says of an examination's lesion; empty where it says nothing, or there is no lesion."""
    if one is None or not (math.isfinite(one.lesion_real) and math.isfinite(one.lesion_half_width)):
        return ""
    low, high = one.lesion_synthetic - one.lesion_half_width, one.lesion_synthetic + one.lesion_half_width
    word = _WORDS[reading_of(one.lesion_synthetic, one.lesion_half_width, threshold)]
    return (
        f"The model's {100 * LEVEL:.0f} % interval of lesion CBV, calibrated on the other held-out patients, "
        f"is {number(max(low, 0.0), 2)} to {number(high, 2)} {unit}: {word} the threshold of {threshold:g}."
    )


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else DASH
