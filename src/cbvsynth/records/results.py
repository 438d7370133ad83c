"""Result tables on disk: one CSV row per model and held-out examination."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from cbvsynth.domain.scores import ExamScore
from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file

_COLUMNS = tuple(field.name for field in fields(ExamScore))
_TEXT_COLUMNS = frozenset({"model", "exam_id", "subject_id", "diagnosis", "target_unit"})
_LESION_COLUMNS = frozenset({"mae_lesion", "lesion_cbv_real", "lesion_cbv_synthetic", "lesion_volume_ml"})


def write_scores(path: Path, scores: Iterable[ExamScore]) -> None:
    """Write scores as CSV, floats in the shortest form that reads back exactly, atomically.

    A lesion value that does not exist is written as nan, an unbounded PSNR as inf.
    """
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        target.write(",".join(_COLUMNS) + "\n")
        # All text is quoted, because a carriage return in it would otherwise end the row (Python < 3.13).
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows(astuple(score) for score in scores)


def read_scores(path: Path) -> tuple[ExamScore, ...]:
    """Read what `write_scores` wrote.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, has other columns, a value is not a
            number where there must be one, or a model has two rows for one examination.
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
            scores = tuple(_score(path, row) for row in reader)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run train first.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultError(f"{path} is not a table of scores ({error}); run train again.") from error
    _refuse_doubles(path, scores)
    return scores


def _score(path: Path, row: dict[str, str]) -> ExamScore:
    try:
        score = ExamScore(
            **{name: value if name in _TEXT_COLUMNS else float(value) for name, value in row.items()}  # type: ignore[arg-type]  # the columns were checked
        )
    except (TypeError, ValueError) as error:
        raise ResultError(
            f"{path}: the row of '{row.get('exam_id', '?')}' is damaged ({error}); run train again."
        ) from error
    for name in _COLUMNS:
        value = getattr(score, name)
        if name not in _TEXT_COLUMNS | _LESION_COLUMNS and math.isnan(value):
            raise ResultError(
                f"{path}: the row of '{score.exam_id}' has no number in {name}; expected one, as only lesion "
                "values may be missing. Run train again."
            )
    return score


def _refuse_doubles(path: Path, scores: tuple[ExamScore, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for score in scores:
        key = (score.model, score.exam_id)
        if key in seen:
            raise ResultError(
                f"{path} scores '{score.exam_id}' twice for {score.model}; expected one row per model and "
                "examination. Run train again."
            )
        seen.add(key)
