"""Tables of a reader study: the blinding key, and the scores that a reader's page exports."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.reader_study import CRITERIA, POINTS, Rating, StudyItem
from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file

KEY_COLUMNS = tuple(field.name for field in fields(StudyItem))
SCORE_COLUMNS = ("study", "reader", "item", *(criterion.key for criterion in CRITERIA), "comment")


def write_key(path: Path, items: Iterable[StudyItem]) -> None:
    """Write which map each item is, atomically."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(KEY_COLUMNS)
        writer.writerows(astuple(item) for item in items)


def read_key(path: Path) -> tuple[StudyItem, ...]:
    """Read what `write_key` wrote.

    Raises:
        ResultError: the file is missing or damaged.
    """
    try:
        return tuple(
            StudyItem(
                reader=row["reader"],
                position=int(row["position"]),
                code=row["code"],
                exam_id=row["exam_id"],
                subject_id=row["subject_id"],
                kind=MapKind(row["kind"]),
            )
            for row in _rows(path, KEY_COLUMNS)
        )
    except ValueError as error:
        raise ResultError(
            f"{path.name} is not a key of a reader study ({error}); make the study again."
        ) from error


def read_ratings(path: Path, study: str) -> tuple[Rating, ...]:
    """Read the scores that one reader's page exported.

    Raises:
        ResultError: the file is missing or damaged, of another study, or a score is not on the scale.
    """
    return tuple(
        _rating(path, line, row, study) for line, row in enumerate(_rows(path, SCORE_COLUMNS), start=2)
    )


def _rating(path: Path, line: int, row: dict[str, str], study: str) -> Rating:
    if row["study"] != study:
        raise ResultError(
            f"{path.name}, line {line}: scores of study {row['study']}, expected {study}. Name the folder of "
            "that study by --study."
        )
    scores = {}
    for criterion in CRITERIA:
        text = row[criterion.key]
        if text not in map(str, range(POINTS)):
            raise ResultError(
                f"{path.name}, line {line}: {criterion.key} is '{text}'; expected 0 to {POINTS - 1}."
            )
        scores[criterion.key] = int(text)
    return Rating(row["reader"], row["item"], scores, row["comment"])


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ResultError(
                    f"{path.name} lacks the column {', '.join(missing)}; expected {', '.join(columns)}."
                )
            return [{name: row[name] or "" for name in columns} for row in reader]
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; name a file that is there.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultError(f"{path.name} is not CSV in UTF-8 ({error}).") from error
