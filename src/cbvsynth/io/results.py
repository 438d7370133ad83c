"""Result tables on disk: one CSV row per model and held-out examination."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from cbvsynth.domain.scores import ExamScore
from cbvsynth.errors import ResultError
from cbvsynth.io.storage import atomic_file

_COLUMNS = tuple(field.name for field in fields(ExamScore))
_TEXT_COLUMNS = frozenset({"model", "exam_id", "subject_id", "diagnosis", "target_unit"})


def write_scores(path: Path, scores: Iterable[ExamScore]) -> None:
    """Write scores as CSV, floats in the shortest form that reads back exactly, atomically."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(astuple(score) for score in scores)


def read_scores(path: Path) -> tuple[ExamScore, ...]:
    """Read what `write_scores` wrote.

    Raises:
        ResultError: the file is missing, has other columns, or a value is not a number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            found = tuple(reader.fieldnames or ())
            if found != _COLUMNS:
                raise ResultError(
                    f"{path} has columns {', '.join(found) or 'none'}; expected {', '.join(_COLUMNS)}. "
                    "Run train again."
                )
            return tuple(_score(path, row) for row in reader)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run train first.") from error


def _score(path: Path, row: dict[str, str]) -> ExamScore:
    try:
        return ExamScore(
            **{name: value if name in _TEXT_COLUMNS else float(value) for name, value in row.items()}  # type: ignore[arg-type]  # the columns were checked
        )
    except (TypeError, ValueError) as error:
        raise ResultError(
            f"{path}: the row of '{row.get('exam_id', '?')}' is damaged ({error}); run train again."
        ) from error
