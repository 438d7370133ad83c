"""The report of a run: one page for the run, one for every examination that has a synthetic map."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from cbvsynth.domain.map_measures import MapKind, MapMeasures
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.selection.leaderboard import LeaderboardRow
from cbvsynth.domain.selection.records import Verdict
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.evaluation.sweep import SUMMARY_FILE
from cbvsynth.pages.charts.agreement import (
    HOT_SPOT_RATIO,
    Pair,
    agreement_chart,
    agreement_of,
    lesion_cbv,
    lesion_pairs,
)
from cbvsynth.pages.charts.combinations import COMBINATION_CAPTION, combination_chart
from cbvsynth.pages.charts.pareto import pareto_charts
from cbvsynth.pages.examination_page import ExaminationPages, write_examination
from cbvsynth.pages.image_checks import StudyChecks
from cbvsynth.pages.tables.costs import COST_HEADER, ModelCost, cost_rows
from cbvsynth.pages.tables.formats import DASH, number, percent
from cbvsynth.pages.verdict_words import optimism_text, verdict_tone
from cbvsynth.records.costs import read_cost
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.maps import MapIndex
from cbvsynth.records.summaries import read_summary
from cbvsynth.theme.charts import Chart
from cbvsynth.theme.html import write_page_inside

INDEX_PAGE = "index.html"
EXAMINATIONS = "examinations"

_NUMBERS = tuple(
    field.name
    for field in fields(ExamScore)
    if field.name not in ("model", "exam_id", "subject_id", "diagnosis", "target_unit", "data_range")
)


@dataclass(frozen=True)
class RunInputs:
    """Everything a report is made of; `maps` and its measures may be absent."""

    verdict: Verdict
    scores: Mapping[str, Sequence[ExamScore]]
    """Of every model, by slug, on the examinations that all could be scored on, as they were judged."""
    shown_scores: Sequence[ExamScore]
    """Of the shown model, on every examination that it could be scored on."""
    baselines: Sequence[LeaderboardRow]
    costs: Sequence[ModelCost]
    index: ExaminationIndex
    maps_root: Path
    maps: MapIndex | None
    measures: Mapping[tuple[str, MapKind], MapMeasures]
    checks: StudyChecks
    others: Sequence[tuple[str, str]]
    """Pages of the steps, (address relative to the report, text)."""
    uncertainty: Sequence[ExamUncertainty] = ()
    """Of the model that made the maps; none where it does not say how sure it is."""


def model_costs(
    verdict: Verdict, scores: Mapping[str, Sequence[ExamScore]], results: Path, checkpoints: Path
) -> tuple[ModelCost, ...]:
    """Cost and mean SSIM of every model of a verdict, from the tables beside its checkpoints.

    Raises:
        ResultError: a result is missing, or a cost is damaged.
    """
    found = []
    for slug, rows in scores.items():
        values = [100 * float(getattr(row, verdict.settings.select_by)) for row in rows]
        summary, cost = read_summary(results / slug / SUMMARY_FILE), read_cost(checkpoints / slug)
        found.append(
            ModelCost(
                model=ModelId.parse(slug),
                ssim_mean=float(np.mean(values)),
                ssim_sd=float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
                parameters=summary.parameters,
                train_s=cost.train_s if cost else math.nan,
                export_s=cost.export_s if cost else math.nan,
                score_s=cost.score_s if cost else math.nan,
                device=cost.device if cost else "",
            )
        )
    return tuple(found)


def write_run(folder: Path, run: RunInputs) -> int:
    """Write index.html and a page for every mapped examination; return how many pages."""
    shown = run.maps.model if run.maps else run.verdict.shown_model
    own_scores = {score.exam_id: score for score in run.shown_scores}
    mapped = _mapped(run)
    unit = UNIT_WORDS[run.verdict.target_unit]
    verdict = run.verdict
    combinations = combination_chart(
        {ModelId.parse(slug): rows for slug, rows in run.scores.items()},
        run.baselines,
        verdict.settings.select_by,
    )
    write_page_inside(
        folder / INDEX_PAGE,
        "pages/templates/run.html.j2",
        {
            "title": "Report of a run",
            "subtitle": (
                f"{verdict.models} models, {verdict.examinations} held-out examinations of "
                f"{verdict.patients} patients, CBV in {unit}."
            ),
            "verdict": verdict.text,
            "tone": verdict_tone(verdict),
            "optimism": optimism_text(verdict),
            "others": run.others,
            "combinations": combinations,
            "combination_caption": COMBINATION_CAPTION,
            "shown": shown,
            "agreements": _agreements(run, shown),
            "pareto": pareto_charts(run.costs),
            "cost_header": COST_HEADER,
            "costs": cost_rows(run.costs),
            "examination_header": EXAMINATION_HEADER,
            "examinations": [_examination_row(run, one, own_scores) for one in mapped],
            "dropped": run.checks.reasons(),
            "accepted": sum(found.accepted for found in run.checks.decisions.values()),
        },
    )
    if run.maps is None:
        return 1
    pages = ExaminationPages(
        index=run.index,
        maps_root=run.maps_root,
        maps=run.maps,
        measures=run.measures,
        scores=own_scores,
        mean_scores=_means(run.scores.get(shown, ())),
        checks=run.checks,
        uncertainty={one.exam_id: one for one in run.uncertainty},
        threshold=verdict.settings.lesion_threshold,
    )
    for place, examination in enumerate(mapped):
        links = [(f"../{INDEX_PAGE}", "all examinations")]
        if place > 0:
            links.append((f"{mapped[place - 1].exam_id}.html", "previous"))
        if place + 1 < len(mapped):
            links.append((f"{mapped[place + 1].exam_id}.html", "next"))
        write_examination(folder / EXAMINATIONS / f"{examination.exam_id}.html", pages, examination, links)
    return 1 + len(mapped)


EXAMINATION_HEADER = (
    "examination", "diagnosis", "SSIM, %", "lesion CBV real", "synthetic", "nCBV real", "synthetic", "flags",
)  # fmt: skip


def _mapped(run: RunInputs) -> list[CachedExamination]:
    names = set(run.maps.examinations) if run.maps else set()
    return [one for one in run.index.examinations if one.exam_id in names]


def _examination_row(
    run: RunInputs, examination: CachedExamination, scores: Mapping[str, ExamScore]
) -> tuple[tuple[str, str], list[str]]:
    name = examination.exam_id
    score = scores.get(name)
    real, synthetic = (run.measures.get((name, kind)) for kind in (MapKind.REAL, MapKind.SYNTHETIC))
    cells = [
        examination.diagnosis or DASH,
        percent(float(getattr(score, run.verdict.settings.select_by))) if score else DASH,
        number(real.lesion_mean if real else None, 2),
        number(synthetic.lesion_mean if synthetic else None, 2),
        number(real.hot_spot_ratio if real else None, 2),
        number(synthetic.hot_spot_ratio if synthetic else None, 2),
        str(run.checks.flags(name)) if run.checks.ranges else DASH,
    ]
    return (f"{EXAMINATIONS}/{name}.html", name), cells


def _agreements(run: RunInputs, model: str) -> list[Chart]:
    ratios = []
    for examination in _mapped(run):
        both = [run.measures.get((examination.exam_id, kind)) for kind in (MapKind.REAL, MapKind.SYNTHETIC)]
        if examination.split == "held-out" and both[0] and both[1]:
            pair = (both[0].hot_spot_ratio, both[1].hot_spot_ratio)
            if np.isfinite(pair).all():
                ratios.append(Pair(examination.exam_id, examination.diagnosis, *pair))
    found = (
        (agreement_of(lesion_pairs(run.scores.get(model, ()))), lesion_cbv(run.verdict.target_unit)),
        (agreement_of(ratios), HOT_SPOT_RATIO),
    )
    return [agreement_chart(agreement, quantity, model) for agreement, quantity in found if agreement]


def _means(scores: Collection[ExamScore]) -> dict[str, float]:
    return {name: _nan_mean([float(getattr(row, name)) for row in scores]) for name in _NUMBERS}


def _nan_mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
