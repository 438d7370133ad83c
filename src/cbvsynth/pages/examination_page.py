"""The page of one examination: its maps, its lesion, its scores, its checks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.pages.image_checks import StudyChecks
from cbvsynth.pages.pictures.tiles import anatomy_of, examination_montage
from cbvsynth.pages.tables.formats import number
from cbvsynth.pages.tables.uncertainty import interval_sentence
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.maps import MapIndex, read_map
from cbvsynth.theme.html import write_page_inside

SLICES = 3
"""Axial slices on a page: the one with the most lesion between its neighbours."""


@dataclass(frozen=True)
class ExaminationPages:
    """What the pages of a run have in common."""

    index: ExaminationIndex
    maps_root: Path
    maps: MapIndex
    measures: Mapping[tuple[str, MapKind], MapMeasures]
    scores: Mapping[str, ExamScore]
    """Of the model that made the maps; only held-out examinations have one."""
    mean_scores: Mapping[str, float]
    """Mean of each score over the held-out examinations."""
    checks: StudyChecks
    uncertainty: Mapping[str, ExamUncertainty]
    """How sure the model was of each held-out examination; empty where it does not say."""
    threshold: float
    """Of lesion CBV, in the maps' unit."""


def write_examination(
    path: Path, pages: ExaminationPages, examination: CachedExamination, links: Sequence[tuple[str, str]]
) -> None:
    """Write one page; `links` are (address, text), relative to it."""
    name = examination.exam_id
    maps, unit = pages.maps, UNIT_WORDS[pages.maps.target_unit]
    synthetic = read_map(pages.maps_root, name)
    montage = examination_montage(
        pages.index, examination, synthetic, data_range=maps.data_range, slices=SLICES
    )
    parts = [examination.diagnosis, f"grade {examination.grade}" if _given(examination.grade) else ""]
    held_out = examination.split == "held-out"
    write_page_inside(
        path,
        "pages/templates/examination.html.j2",
        {
            "title": name,
            "subtitle": ", ".join(part for part in parts if part) or "no diagnosis given",
            "links": links,
            "model": maps.model,
            "warning": ""
            if held_out or maps.trained_on != maps.data_fingerprint
            else "The model has learned from this examination: the map is no test of it.",
            "montage": montage,
            "caption": _caption(anatomy_of(examination).label, maps.model, unit),
            "measures": measure_rows(pages.measures, name, unit),
            "interval": interval_sentence(pages.uncertainty.get(name), pages.threshold, unit),
            "scores": score_rows(pages.scores.get(name), pages.mean_scores, unit),
            "score_note": ""
            if name in pages.scores
            else "Only held-out examinations are scored; this one is not.",
            "checks": pages.checks.rows(name),
            "decision": pages.checks.decision(name),
        },
    )


def measure_rows(
    measures: Mapping[tuple[str, MapKind], MapMeasures], exam_id: str, unit: str
) -> list[tuple[str, ...]]:
    """Real against synthetic, row by row."""
    real, synthetic = (measures.get((exam_id, kind)) for kind in (MapKind.REAL, MapKind.SYNTHETIC))
    names = (
        ("lesion_mean", f"lesion CBV, {unit}"),
        ("lesion_hot_spot", f"lesion hot spot (95th percentile), {unit}"),
        ("white_matter_mean", f"normal-appearing white matter, {unit}"),
        ("hot_spot_ratio", "hot-spot nCBV (hot spot over white matter)"),
        ("brain_mean", f"brain, {unit}"),
    )
    rows: list[tuple[str, ...]] = []
    for field, words in names:
        one, other = (math.nan if row is None else float(getattr(row, field)) for row in (real, synthetic))
        change = 100 * (other - one) / one if one > 0 else math.nan
        rows.append(
            (words, number(one, 2), number(other, 2), number(other - one, 2, signed=True), _percent(change))
        )
    return rows


def score_rows(score: ExamScore | None, means: Mapping[str, float], unit: str) -> list[tuple[str, ...]]:
    """The scores of the map beside their means over the held-out examinations."""
    if score is None:
        return []
    names = (
        ("ssim_3d_whole", "SSIM, whole volume, %", 100, 2),
        ("ssim_3d_brain", "SSIM, brain, %", 100, 2),
        ("mae_brain", f"mean absolute error, brain, {unit}", 1, 2),
        ("mae_lesion", f"mean absolute error, lesion, {unit}", 1, 2),
        ("psnr_brain", "PSNR, brain, dB", 1, 1),
        ("ncc_brain", "correlation with the real map, brain", 1, 3),
        ("lesion_volume_ml", "lesion volume, mL", 1, 1),
    )
    return [
        (words, number(factor * getattr(score, field), digits), number(factor * means[field], digits))
        for field, words, factor, digits in names
    ]


def _caption(anatomy: str, model: str, unit: str) -> str:
    return (
        f"{anatomy}, measured CBV, CBV made by {model}, and their difference, {unit}. The patient's right is "
        "on the left. Outlined: the region in which lesion CBV is measured. Printed in grey, the difference "
        "shows its size but not its sign; the table below does."
    )


def _percent(value: float) -> str:
    text = number(value, 0, signed=True)
    return text if math.isnan(value) else f"{text} %"


def _given(text: str) -> bool:
    return text.lower() not in ("", "n/a")
