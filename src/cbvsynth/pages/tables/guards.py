"""Which guards each model failed, as rows of a table."""

from __future__ import annotations

from cbvsynth.domain.selection.evaluation import Evaluation
from cbvsynth.pages.verdict_words import guards_cell

GUARDS_HEADER = ("rank", "model", "guards that it failed")


def guard_rows(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    """Every model by rank, and what stopped it."""
    return [(str(row.rank), row.model, guards_cell(evaluation.verdict, row.model)) for row in evaluation.rows]
