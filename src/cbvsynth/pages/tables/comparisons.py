"""Every model against the best, for machines and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from cbvsynth.domain.selection.comparisons import Comparison
from cbvsynth.domain.selection.evaluation import Evaluation
from cbvsynth.pages.tables.formats import number, p_text, write_csv

COMPARISON_HEADER = (
    "model",
    "best minus this",
    "t",
    "p (t)",
    "Bonferroni",
    "per patient",
    "95 % interval",
    "p (Wilcoxon)",
    "Bonferroni",
)


def write_comparisons_csv(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Write one line per model, differences as shares of 1."""
    write_csv(path, [field.name for field in fields(Comparison)], (astuple(row) for row in comparisons))


def comparison_cells(row: Comparison) -> list[str]:
    """One row as shown to people, differences in points of SSIM."""
    low, high = (number(100 * value, 2, signed=True) for value in (row.confidence_low, row.confidence_high))
    return [
        row.model,
        number(100 * row.mean_difference, 2, signed=True),
        number(row.t, 2),
        p_text(row.t_p_value),
        p_text(row.t_p_bonferroni),
        number(100 * row.patient_difference, 2, signed=True),
        f"{low} to {high}",
        p_text(row.wilcoxon_p_value),
        p_text(row.wilcoxon_p_bonferroni),
    ]


def comparison_note(evaluation: Evaluation) -> str:
    """What was tested against what."""
    verdict, best = evaluation.verdict, evaluation.rows[0]
    return (
        f"Differences in points of SSIM ({verdict.settings.select_by}) from {best.model}. The paired t-test, "
        f"the paper's, takes the {verdict.examinations} examinations as independent; the columns after it "
        f"average per patient first ({verdict.patients} patients) and resample patients. Two-sided; "
        f"Bonferroni over {len(evaluation.comparisons)} comparisons."
    )
