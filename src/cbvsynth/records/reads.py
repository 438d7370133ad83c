"""A reader study's table: exam_id, truth, p_standard, p_with_cbv, reader, task."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from cbvsynth.domain.clinical import Read
from cbvsynth.domain.ranges import per_cent_hint
from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import CsvFile, decimal, read_named

_TRUTH = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
_EXAMPLE = "sub-001_ses-1,1,0.62,0.80,reader-1,high grade?"


_FILE = CsvFile(Read, "a table of reads", maker="'cbvsynth clinical'", key=("task", "reader", "exam_id"))
_REQUIRED = ("exam_id", "truth", "p_standard", "p_with_cbv")


def write_reads(path: Path, reads: Iterable[Read]) -> None:
    """Write reads as CSV, truth as 1 or 0, atomically."""
    _FILE.write(path, reads)


def read_reads(path: Path) -> tuple[Read, ...]:
    """Read a table of reads; columns in any order; other columns are ignored.

    Without a column `reader` or `task` there is one reader, or one task.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, lacks a column, a value is not what its
            column asks for, a reader read an examination twice, or readers were given different truths.
    """
    rows = read_named(path, _REQUIRED, f"save it as CSV in UTF-8 with rows such as {_EXAMPLE}")
    if not rows:
        raise ResultError(f"{path} has no row; expected rows such as {_EXAMPLE}")
    reads = tuple(_read(f"{path}, line {line}", row) for line, row in rows)
    _refuse_contradictions(path, reads)
    return reads


def _read(place: str, row: dict[str, str]) -> Read:
    truth = _TRUTH.get(row["truth"].lower())
    if truth is None:
        raise ResultError(f"{place}: truth is '{row['truth']}'; expected 1 or 0.")
    if not row["exam_id"]:
        raise ResultError(f"{place}: exam_id is empty; expected the examination's id.")
    return Read(
        exam_id=row["exam_id"],
        truth=truth,
        p_standard=_probability(place, "p_standard", row["p_standard"]),
        p_with_cbv=_probability(place, "p_with_cbv", row["p_with_cbv"]),
        reader=row.get("reader") or "reader",
        task=row.get("task") or "task",
    )


def _probability(place: str, name: str, text: str) -> float:
    try:
        value = decimal(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ResultError(
            f"{place}: {name} is '{text}'; expected a probability from 0 to 1, as 0.62"
            f"{per_cent_hint(value, 1)}."
        )
    return value


def _refuse_contradictions(path: Path, reads: Iterable[Read]) -> None:
    truths: dict[tuple[str, str], bool] = {}
    seen: set[tuple[str, str, str]] = set()
    for read in reads:
        place = (read.task, read.reader, read.exam_id)
        if place in seen:
            raise ResultError(
                f"{path}: {read.reader} has two rows for {read.exam_id} in '{read.task}'; expected one. "
                "Remove the one that does not count."
            )
        seen.add(place)
        if truths.setdefault((read.task, read.exam_id), read.truth) != read.truth:
            raise ResultError(
                f"{path}: the truth of {read.exam_id} in '{read.task}' differs between readers; "
                "expected one truth. Correct the table."
            )
