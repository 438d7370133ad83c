"""The page of an external set: does the version hold there, on which scanner, and what is different."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth import __version__
from cbvsynth.domain.region_errors import RegionError
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.wording import counted
from cbvsynth.pages.charts.agreement import agreement_chart, agreement_of, lesion_cbv, lesion_pairs
from cbvsynth.pages.charts.places import places_chart
from cbvsynth.pages.pictures.examples import montage_rows
from cbvsynth.pages.pictures.montage import draw_montage
from cbvsynth.pages.tables.drift import DRIFT_HEADER, drift_note, drift_rows, write_drift_csv
from cbvsynth.pages.tables.formats import mean_sd, number
from cbvsynth.pages.tables.lesions import (
    LESIONS_HEADER,
    REGIONS_HEADER,
    lesion_rows,
    lesions_note,
    region_rows,
    regions_note,
)
from cbvsynth.pages.verdict_words import SIGNS
from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.external import ExternalResult, ScannerGroup
from cbvsynth.theme.html import picture_source, write_page_inside

REPORT_PAGE = "report.html"
DRIFT_FILE = "drift.csv"
_MONTAGE = "montage.png"
SCANNERS_HEADER = (
    *(
        "site or scanner",
        "examinations",
        "patients",
        "SSIM, %",
        "MAE brain",
        "lesions",
        "lesion bias",
        "lesion error",
    ),
    "inputs that drift",
)


@dataclass(frozen=True)
class ExternalPage:
    """What the page shows; `maps` are the synthetic maps of some examinations, (X, Y, Z), by exam_id."""

    result: ExternalResult
    scores: Sequence[ExamScore]
    regions: Sequence[RegionError]
    maps: Mapping[str, npt.NDArray[np.float32]]
    index: ExaminationIndex


def write_external_page(folder: Path, page: ExternalPage) -> None:
    """Write report.html, drift.csv and the montage into a folder.

    Raises:
        ResultError: a map is not of a cached examination.
    """
    result = page.result
    model = ModelId.parse(result.model)
    unit, threshold = UNIT_WORDS[result.target_unit], result.settings.lesion_threshold
    write_drift_csv(folder / DRIFT_FILE, result.inputs, result.outputs)
    anatomy, rows = montage_rows(page.index, dict(page.maps), model)
    draw_montage(
        folder / _MONTAGE,
        rows,
        anatomy_label=anatomy.label,
        data_range=result.data_range,
        target_unit=result.target_unit,
    )
    agreement = agreement_of(lesion_pairs(page.scores))
    write_page_inside(
        folder / REPORT_PAGE,
        "pages/templates/external.html.j2",
        {
            "title": f"Version {result.version} on {result.site}",
            "subtitle": (
                f"{result.model}, version {result.version} of {result.registered_name}; "
                f"{counted(result.scored, 'examination')} of {counted(result.patients, 'patient')}, "
                f"{counted(result.lesions, 'lesion')}, CBV in {unit}."
            ),
            "result": result,
            "sentence": verdict_sentence(result),
            "signs": SIGNS,
            "scanners_header": SCANNERS_HEADER,
            "scanners": [scanner_cells(group) for group in result.groups],
            "unit": unit,
            "drifted": [
                (group.scanner, "; ".join(group.drifted)) for group in result.groups if group.drifted
            ],
            "agreement": agreement_chart(agreement, lesion_cbv(result.target_unit), result.model)
            if agreement
            else None,
            "lesions_header": LESIONS_HEADER,
            "lesions": lesion_rows(page.scores, threshold),
            "lesions_note": lesions_note(threshold, result.target_unit),
            "places": places_chart(page.regions, result.model, result.target_unit),
            "regions_header": REGIONS_HEADER,
            "regions": region_rows(page.regions),
            "regions_note": regions_note(result.target_unit).replace("Held-out examinations", "This site's"),
            "montage": picture_source(folder / _MONTAGE),
            "montage_caption": (
                f"{counted(len(rows), 'examination')}, one of each diagnosis in turn. {anatomy.label}, "
                "measured "
                "CBV, synthetic CBV and their difference."
            ),
            "drift_header": DRIFT_HEADER,
            "inputs": drift_rows(result.inputs)
            if any(one.reference_patients for one in result.inputs)
            else [],
            "inputs_note": drift_note("the examinations that the version learned from"),
            "outputs": drift_rows(result.outputs),
            "outputs_note": drift_note("the held-out examinations that the version was chosen on"),
            "unlike": [(words, str(count)) for words, count in result.unlike_training.items()],
            "dropped": [(group, str(count)) for group, count in result.dropped.items()],
            "left_out": list(result.left_out.items()),
            "conditions": _conditions(result),
        },
    )


def verdict_sentence(result: ExternalResult) -> str:
    """Whether the version holds there, in a sentence or two."""
    drifted = f" Unlike at home: {'; '.join(result.drifted)}." if result.drifted else ""
    if result.failed:
        return f"It fails {counted(len(result.failed), 'guard')} here: {', '.join(result.failed)}.{drifted}"
    unanswered = [check.name for check in result.checks if check.passed is None]
    open_ones = f" Not answered by these data: {', '.join(unanswered)}." if unanswered else ""
    return f"Every guard that these data can answer holds here.{open_ones}{drifted}"


def scanner_cells(group: ScannerGroup) -> tuple[str, ...]:
    """One row a site or scanner."""
    mean, sd = (math.nan if value is None else 100 * value for value in (group.ssim_mean, group.ssim_sd))
    return (
        group.scanner,
        str(group.examinations),
        str(group.patients),
        mean_sd(mean, sd),
        number(group.mae_brain, 2),
        str(group.lesion_examinations),
        number(group.lesion_bias, 2, signed=True),
        number(group.lesion_error, 2),
        str(len(group.drifted)),
    )


def _conditions(result: ExternalResult) -> list[tuple[str, str]]:
    settings = result.settings
    return [
        ("Limits", "those that the version was promoted with"),
        ("Selected by", settings.select_by),
        ("Required baselines", ", ".join(settings.required_baselines) or "none"),
        ("High perfusion", ", ".join(settings.high_perfusion) or "none named"),
        ("Low perfusion", ", ".join(settings.low_perfusion) or "none named"),
        ("Intervals", f"{100 - 200 * settings.alpha:g} %, patients drawn again"),
        ("Learned from", result.trained_on),
        ("Data of this site", result.data_fingerprint),
        ("Digest of the model", result.saved_model_digest),
        ("cbvsynth", __version__),
    ]
