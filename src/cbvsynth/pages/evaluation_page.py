"""The report of an evaluation as one HTML file, and as Markdown beside its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth import __version__
from cbvsynth.domain.region_errors import RegionError
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.evaluation import Evaluation
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.pages import verdict_words as words
from cbvsynth.pages.charts.combinations import COMBINATION_CAPTION
from cbvsynth.pages.tables.comparisons import COMPARISON_HEADER, comparison_cells, comparison_note
from cbvsynth.pages.tables.formats import markdown_table
from cbvsynth.pages.tables.guards import GUARDS_HEADER, guard_rows
from cbvsynth.pages.tables.leaderboard import HEADER, leaderboard_markdown, leaderboard_note, shown_cells
from cbvsynth.pages.tables.lesions import (
    LESIONS_HEADER,
    REGIONS_HEADER,
    lesion_rows,
    lesions_note,
    region_rows,
    regions_note,
)
from cbvsynth.pages.tables.table2 import CAPTION, Table2Row, table2_markdown
from cbvsynth.pages.tables.uncertainty import UNCERTAINTY_HEADER, uncertainty_note, uncertainty_rows
from cbvsynth.records.storage import write_text
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.charts import Chart
from cbvsynth.theme.html import picture_source, write_page

TITLE = "Which model makes the best CBV map?"
TABLE2_TITLE = "Table 2, ours beside the paper's"
SSIM_PICTURE = "ssim_by_combination.png"
AGREEMENT_PICTURE = "bland_altman.png"
PLACES_PICTURE = "where_it_errs.png"


@dataclass(frozen=True)
class Montage:
    """Maps of one model: the picture, and what it shows."""

    picture: Path
    caption: str


@dataclass(frozen=True)
class Shown:
    """What the report draws; no montage without stored maps, no agreement without lesions."""

    model: str
    ssim: Chart
    montage: Montage | None
    agreement: Chart | None
    scores: Sequence[ExamScore] = ()
    """Of the shown model, on the common examinations."""
    regions: Sequence[RegionError] = ()
    """Where it errs; none where its results are of an earlier release."""
    places: Chart | None = None
    """The same by place in the brain."""
    uncertainty: Sequence[ExamUncertainty] = ()
    """How sure it was; none where it learned no spread."""


def write_report_page(path: Path, evaluation: Evaluation, table2: Sequence[Table2Row], shown: Shown) -> None:
    """Write report.html with charts and pictures inside."""
    verdict = evaluation.verdict
    write_page(
        path,
        "pages/templates/evaluation.html.j2",
        {
            "title": TITLE,
            "subtitle": _subtitle(evaluation),
            "sections": _sections(evaluation, shown),
            "verdict": verdict,
            "tone": words.verdict_tone(verdict),
            "not_trained_text": words.not_trained_text(evaluation.not_trained, len(evaluation.rows)),
            "not_trained": evaluation.not_trained,
            "checks": words.all_checks(verdict) if verdict.candidate else (),
            "signs": words.SIGNS,
            "reasons": words.refusal_reasons,
            "champion_text": words.champion_text(verdict),
            "optimism_text": words.optimism_text(verdict),
            "stability_text": words.stability_text(verdict),
            "loosened_text": words.loosened_text(verdict),
            "guards_header": GUARDS_HEADER,
            "guards": guard_rows(evaluation),
            "lesions_header": LESIONS_HEADER,
            "lesions": lesion_rows(shown.scores, verdict.settings.lesion_threshold),
            "lesions_note": lesions_note(verdict.settings.lesion_threshold, verdict.target_unit),
            "regions_header": REGIONS_HEADER,
            "regions": region_rows(shown.regions),
            "regions_note": regions_note(verdict.target_unit),
            "uncertainty_header": UNCERTAINTY_HEADER,
            "uncertainty": uncertainty_rows(shown.uncertainty, verdict.settings.lesion_threshold),
            "uncertainty_note": uncertainty_note(verdict.settings.lesion_threshold, verdict.target_unit),
            "shown": shown,
            "montage_source": picture_source(shown.montage.picture) if shown.montage else "",
            "combination_caption": COMBINATION_CAPTION,
            "leaderboard_header": HEADER,
            "leaderboard": [shown_cells(row) for row in (*evaluation.rows, *evaluation.baselines)],
            "leaderboard_note": leaderboard_note(evaluation.rows, verdict.target_unit),
            "availability_text": words.availability_text(verdict),
            "availability": words.availability_cells(verdict),
            **_table2(table2),
            "comparisons_header": COMPARISON_HEADER,
            "comparisons": [comparison_cells(comparison) for comparison in evaluation.comparisons],
            "comparisons_note": comparison_note(evaluation),
            "conditions": _conditions(evaluation),
        },
    )


def write_table2_page(path: Path, rows: Sequence[Table2Row]) -> None:
    """Write table2.html, a page of its own."""
    write_page(path, "pages/templates/table2_page.html.j2", {"title": TABLE2_TITLE, **_table2(rows)})


def _table2(rows: Sequence[Table2Row]) -> dict[str, object]:
    """What the template of the table asks for."""
    return {
        "table2_rows": rows,
        "table2_sequences": [sequence.label for sequence in PAPER_SEQUENCES],
        "table2_algorithms": [(name.label, rows[0].width(name)) for name in rows[0].ours],
        "table2_ours": rows[0].is_ours,
        "table2_caption": CAPTION,
    }


def write_markdown(path: Path, evaluation: Evaluation, table2: Sequence[Table2Row], shown: Shown) -> None:
    """Write report.md; it shows the pictures that lie beside it."""
    verdict = evaluation.verdict
    parts = [
        f"# {TITLE}",
        _subtitle(evaluation),
        f"> {RESEARCH_NOTE}",
        f"## Verdict: {verdict.outcome}",
    ]
    parts.append(verdict.text)
    parts += not_trained_markdown(evaluation)
    checks = words.all_checks(verdict) if verdict.candidate else ()
    if checks:
        parts.append("\n".join(f"- {words.check_line(check)}" for check in checks))
    if verdict.refused:
        parts.append(
            "Refused:\n\n" + "\n".join(f"- {words.refusal_line(entry)}" for entry in verdict.refused)
        )
    if verdict.loosened:
        parts.append(f"**{words.loosened_text(verdict)}**")
    parts += [words.champion_text(verdict), words.stability_text(verdict), words.optimism_text(verdict)]
    if shown.montage:
        picture = f"![maps]({shown.montage.picture.name})"
        parts += [f"## Maps of {shown.model}", picture, shown.montage.caption]
    if shown.agreement:
        picture = f"![agreement]({AGREEMENT_PICTURE})"
        parts += [f"## Lesion CBV of {shown.model}", picture, shown.agreement.description]
    lesions = lesion_rows(shown.scores, verdict.settings.lesion_threshold)
    if lesions:
        parts += [
            f"## On which side of the threshold: {shown.model}",
            markdown_table(LESIONS_HEADER, lesions),
        ]
        parts.append(lesions_note(verdict.settings.lesion_threshold, verdict.target_unit))
    if shown.places is not None:
        parts += [f"## Where it errs: {shown.model}", f"![where it errs]({PLACES_PICTURE})"]
        parts += [markdown_table(REGIONS_HEADER, region_rows(shown.regions), left=2)]
        parts.append(regions_note(verdict.target_unit))
    doubt = uncertainty_rows(shown.uncertainty, verdict.settings.lesion_threshold)
    if doubt:
        parts += [f"## How sure it is: {shown.model}", markdown_table(UNCERTAINTY_HEADER, doubt)]
        parts.append(uncertainty_note(verdict.settings.lesion_threshold, verdict.target_unit))
    parts += ["## SSIM by sequences", f"![SSIM by sequences]({SSIM_PICTURE})", "## Leaderboard"]
    parts.append(leaderboard_markdown(evaluation.rows, evaluation.baselines, verdict.target_unit).rstrip())
    parts += [
        "## Which guards each model failed",
        markdown_table(GUARDS_HEADER, guard_rows(evaluation), left=3),
    ]
    parts += [
        "## Champions by available sequences",
        words.availability_text(verdict),
        markdown_table(("available", "model"), words.availability_cells(verdict), left=2),
        f"## {TABLE2_TITLE}",
        table2_markdown(table2).rstrip(),
    ]
    if evaluation.comparisons:
        rows = [comparison_cells(comparison) for comparison in evaluation.comparisons]
        parts += ["## Every model against the best", markdown_table(COMPARISON_HEADER, rows)]
        parts.append(comparison_note(evaluation))
    parts.append("## Conditions")
    parts.append("\n".join(f"- {name}: {value}" for name, value in _conditions(evaluation)))
    write_text(path, "\n\n".join(parts) + "\n")


def not_trained_markdown(evaluation: Evaluation) -> list[str]:
    """The models without a result and why, as paragraphs; none when every model has one."""
    text = words.not_trained_text(evaluation.not_trained, len(evaluation.rows))
    if not text:
        return []
    return [f"**{text}**", "\n".join(f"- {model}: {why}" for model, why in evaluation.not_trained.items())]


def _subtitle(evaluation: Evaluation) -> str:
    verdict = evaluation.verdict
    return (
        f"{verdict.models} models, {verdict.examinations} held-out examinations of {verdict.patients} "
        f"patients, CBV in {UNIT_WORDS[verdict.target_unit]}."
    )


def _sections(evaluation: Evaluation, shown: Shown) -> list[tuple[str, str]]:
    sections = (
        ("verdict", "Verdict", True),
        ("maps", "Maps", shown.montage is not None),
        ("agreement", "Lesion CBV", shown.agreement is not None),
        ("places", "Where it errs", shown.places is not None),
        ("uncertainty", "How sure it is", bool(shown.uncertainty)),
        ("combinations", "SSIM by sequences", True),
        ("leaderboard", "Leaderboard", True),
        ("guards", "Guards", True),
        ("availability", "By available sequences", True),
        ("table2", "Table 2", True),
        ("comparisons", "Comparisons", bool(evaluation.comparisons)),
        ("conditions", "Conditions", True),
    )
    return [(anchor, name) for anchor, name, there in sections if there]


def _conditions(evaluation: Evaluation) -> list[tuple[str, str]]:
    verdict, settings = evaluation.verdict, evaluation.verdict.settings
    unit = UNIT_WORDS[verdict.target_unit]
    limits: Mapping[str, object] = {
        "Required baselines": ", ".join(settings.required_baselines) or "none",
        "Fewest examinations": settings.min_examinations,
        "Largest lesion bias": f"±{settings.max_lesion_bias:g} {unit}, its interval",
        "Largest lesion bias in a diagnosis": (
            f"±{settings.max_diagnosis_bias:g} {unit}, from {settings.min_diagnosis_patients} patients on"
        ),
        "Least slope of lesion CBV": f"{settings.min_lesion_slope:g}, its interval",
        "Least concordance of lesion CBV": f"{settings.min_lesion_concordance:g}, its interval",
        "Least texture of lesions": f"{settings.min_lesion_texture:g}, its interval",
        "Largest error of scale": f"{100 * settings.max_scale_error:g} %, its interval",
        "High perfusion": ", ".join(settings.high_perfusion) or "none named",
        "Low perfusion": ", ".join(settings.low_perfusion) or "none named",
        "Largest loss of area under the ROC curve": f"{settings.max_auc_loss:g}, its interval",
        "Threshold of lesion CBV": f"{settings.lesion_threshold:g} {unit}",
        "Intervals": f"{100 - 200 * settings.alpha:g} %, patients drawn again",
        "Margin over the champion": f"{100 * settings.margin:g} points of SSIM",
        "Significance level": settings.alpha,
        "Bootstrap": f"{settings.bootstrap_samples} samples by patient, seed {settings.seed}",
    }
    return [
        ("Selected by", f"{settings.select_by} ({verdict.ssim_conventions[settings.select_by]})"),
        ("Dynamic range of SSIM", f"{verdict.data_range:g} {UNIT_WORDS[verdict.target_unit]}"),
        ("Data", verdict.data_fingerprint),
        ("Preprocessing", verdict.preprocessing_version),
        *((name, str(value)) for name, value in limits.items()),
        ("cbvsynth", __version__),
    ]
