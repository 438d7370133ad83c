"""All files of an evaluation that people and programs read, written into one folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.evaluation import Evaluation
from cbvsynth.domain.selection.records import Verdict
from cbvsynth.domain.sequences import Combination, ModelId
from cbvsynth.errors import UsageError
from cbvsynth.evaluation.recompute import VERDICT_FILE
from cbvsynth.pages.charts.agreement import agreement_chart, agreement_of, lesion_cbv, lesion_pairs
from cbvsynth.pages.charts.combinations import combination_chart
from cbvsynth.pages.charts.places import places_chart
from cbvsynth.pages.charts.table2 import draw_table2
from cbvsynth.pages.evaluation_page import (
    AGREEMENT_PICTURE,
    PLACES_PICTURE,
    SSIM_PICTURE,
    Montage,
    Shown,
    not_trained_markdown,
    write_markdown,
    write_report_page,
    write_table2_page,
)
from cbvsynth.pages.pictures.examples import montage_rows
from cbvsynth.pages.pictures.montage import draw_montage
from cbvsynth.pages.tables.comparisons import write_comparisons_csv
from cbvsynth.pages.tables.formats import write_csv
from cbvsynth.pages.tables.leaderboard import leaderboard_markdown, write_leaderboard_csv
from cbvsynth.pages.tables.table2 import table2_markdown, table2_rows, write_table2_csv
from cbvsynth.pages.verdict_words import availability_rows
from cbvsynth.records.examinations import ExaminationIndex
from cbvsynth.records.examples import EXAMPLES_FILE, EXAMPLES_SD_FILE, read_examples
from cbvsynth.records.regions import REGIONS_FILE, read_regions
from cbvsynth.records.storage import write_text
from cbvsynth.records.uncertainty import UNCERTAINTY_FILE, read_uncertainty
from cbvsynth.records.verdicts import write_verdict

LEADERBOARD_FILE = "leaderboard.csv"


def require_own_folder(folder: Path) -> None:
    """Refuse to replace a folder that an evaluation did not write.

    Raises:
        UsageError: the folder has content and no verdict.
    """
    if folder.is_file() or (
        folder.is_dir() and any(folder.iterdir()) and not (folder / VERDICT_FILE).is_file()
    ):
        raise UsageError(
            f"{folder} is not a folder of evaluate: it has content and no {VERDICT_FILE}. It would be "
            "replaced as a whole; give another --out."
        )


def shown_model(evaluation: Evaluation) -> tuple[ModelId, str]:
    """The model that the pictures show, and what to call it: the candidate, else the best by SSIM."""
    candidate = evaluation.verdict.candidate
    if candidate is not None:
        return ModelId.parse(candidate.model), f"{candidate.model}, the candidate"
    best = evaluation.rows[0].model
    return ModelId.parse(best), f"{best}, the best by SSIM (refused)"


def write_report(
    folder: Path,
    evaluation: Evaluation,
    scores: Mapping[ModelId, tuple[ExamScore, ...]],
    results: Path,
    index: ExaminationIndex,
) -> None:
    """Write verdict, tables, pictures and the two reports.

    Args:
        folder: where to.
        evaluation: what to report.
        scores: of every model on the common examinations.
        results: results of train, for the stored examples of the shown model.
        index: the cached examinations that the examples belong to.

    Raises:
        ResultError: the examples of the shown model are missing or do not fit the examinations.
    """
    verdict = evaluation.verdict
    table2 = table2_rows(evaluation.rows, verdict.settings.select_by)
    write_verdict(folder / VERDICT_FILE, verdict)
    write_leaderboard_csv(folder / LEADERBOARD_FILE, evaluation.rows, evaluation.baselines)
    ranked = leaderboard_markdown(evaluation.rows, evaluation.baselines, verdict.target_unit)
    write_text(folder / "leaderboard.md", "\n\n".join([*not_trained_markdown(evaluation), ranked]))
    if evaluation.not_trained:
        write_csv(folder / "not_trained.csv", ("model", "why"), list(evaluation.not_trained.items()))
    write_comparisons_csv(folder / "comparisons.csv", evaluation.comparisons)
    write_csv(
        folder / "champions.csv",
        ("available", "model"),
        [(pattern.slug, model.slug if model else None) for pattern, model in availability_rows(verdict)],
    )
    write_table2_csv(folder / "table2.csv", table2)
    write_text(folder / "table2.md", table2_markdown(table2))
    write_table2_page(folder / "table2.html", table2)
    draw_table2(folder / "table2.png", table2)
    shown = _drawn(folder, evaluation, scores, results, index)
    write_markdown(folder / "report.md", evaluation, table2, shown)
    write_report_page(folder / "report.html", evaluation, table2, shown)


def _drawn(
    folder: Path,
    evaluation: Evaluation,
    scores: Mapping[ModelId, tuple[ExamScore, ...]],
    results: Path,
    index: ExaminationIndex,
) -> Shown:
    """Draw what the reports show, and write it as pictures."""
    verdict = evaluation.verdict
    model, name = shown_model(evaluation)
    ssim = combination_chart(scores, evaluation.baselines, verdict.settings.select_by)
    ssim.save_png(folder / SSIM_PICTURE)
    chart = None
    agreement = agreement_of(lesion_pairs(scores[model]))
    if agreement is not None:
        chart = agreement_chart(agreement, lesion_cbv(verdict.target_unit), model.slug)
        chart.save_png(folder / AGREEMENT_PICTURE)
    montage = _montage(folder / "montage.png", verdict, model, results, index)
    regions = read_regions(results / model.slug / REGIONS_FILE)
    places = places_chart(regions, model.slug, verdict.target_unit)
    if places is not None:
        places.save_png(folder / PLACES_PICTURE)
    uncertainty = read_uncertainty(results / model.slug / UNCERTAINTY_FILE)
    return Shown(name, ssim, montage, chart, scores[model], regions, places, uncertainty)


def _montage(
    picture: Path, verdict: Verdict, model: ModelId, results: Path, index: ExaminationIndex
) -> Montage | None:
    maps = read_examples(results / model.slug / EXAMPLES_FILE)
    if not maps:
        return None
    stored = results / model.slug / EXAMPLES_SD_FILE
    sds = read_examples(stored) if stored.is_file() else {}
    anatomy, rows = montage_rows(index, maps, model, sds)
    draw_montage(
        picture,
        rows,
        anatomy_label=anatomy.label,
        data_range=verdict.data_range,
        target_unit=verdict.target_unit,
    )
    last = "their difference, and how sure the model is" if sds else "and their difference"
    return Montage(
        picture,
        f"{len(rows)} held-out examinations, one of each diagnosis in turn. {anatomy.label}, measured "
        f"CBV, CBV made from {_names(model.combination)}, {last}. The colour scale is the "
        "same in every report of this dynamic range. The outline is the region in which lesion CBV is "
        "measured.",
    )


def _names(combination: Combination) -> str:
    return ", ".join(sequence.label for sequence in combination.sequences)
