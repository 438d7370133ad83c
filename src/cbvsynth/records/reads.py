"""A reader study's table: exam_id, truth, p_standard, p_with_cbv, reader, task."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from cbvsynth.domain.clinical import Read
from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file

COLUMNS = tuple(field.name for field in fields(Read))

_TRUTH = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
_EXAMPLE = "sub-001_ses-1,1,0.62,0.80,reader-1,high grade?"


def write_reads(path: Path, reads: Iterable[Read]) -> None:
    """Write reads as CSV, truth as 1 or 0, atomically."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(COLUMNS)
        for read in reads:
            writer.writerow([int(value) if isinstance(value, bool) else value for value in astuple(read)])


def read_reads(path: Path) -> tuple[Read, ...]:
    """Read a table of reads; columns in any order, others are passed over.

    Without a column `reader` or `task` there is one reader, or one task.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, lacks a column, a value is not what its
            column asks for, a reader read an examination twice, or readers were given different truths.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or ())]
            if missing:
                raise ResultError(
                    f"{path.name} lacks the column {', '.join(missing)}; expected {', '.join(COLUMNS)} and "
                    f"rows such as {_EXAMPLE}"
                )
            reads = tuple(_read(path, line, row) for line, row in enumerate(reader, start=2))
    except FileNotFoundError as error:
        raise ResultError(
            f"{path} does not exist; expected a table with the columns {', '.join(COLUMNS)}."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultError(f"{path.name} is not CSV in UTF-8 ({error}); save it as such.") from error
    if not reads:
        raise ResultError(f"{path.name} has no row; expected rows such as {_EXAMPLE}")
    _refuse_contradictions(path, reads)
    return reads


def _read(path: Path, line: int, row: dict[str, str | None]) -> Read:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    truth = _TRUTH.get(values["truth"].lower())
    if truth is None:
        raise ResultError(f"{path.name}, line {line}: truth is '{values['truth']}'; expected 1 or 0.")
    if not values["exam_id"]:
        raise ResultError(f"{path.name}, line {line}: exam_id is empty; expected the examination's id.")
    return Read(
        exam_id=values["exam_id"],
        truth=truth,
        p_standard=_probability(path, line, "p_standard", values["p_standard"]),
        p_with_cbv=_probability(path, line, "p_with_cbv", values["p_with_cbv"]),
        reader=values["reader"] or "reader",
        task=values["task"] or "task",
    )


def _probability(path: Path, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ResultError(
            f"{path.name}, line {line}: {name} is '{text}'; expected a probability from 0 to 1, as 0.62."
        )
    return value


def _refuse_contradictions(path: Path, reads: Iterable[Read]) -> None:
    truths: dict[tuple[str, str], bool] = {}
    seen: set[tuple[str, str, str]] = set()
    for read in reads:
        place = (read.task, read.reader, read.exam_id)
        if place in seen:
            raise ResultError(
                f"{path.name}: {read.reader} has two rows for {read.exam_id} in '{read.task}'; expected one. "
                "Remove the one that does not count."
            )
        seen.add(place)
        if truths.setdefault((read.task, read.exam_id), read.truth) != read.truth:
            raise ResultError(
                f"{path.name}: the truth of {read.exam_id} in '{read.task}' differs between readers; "
                "expected one truth. Correct the table."
            )
