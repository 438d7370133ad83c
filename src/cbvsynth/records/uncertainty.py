"""uncertainty.csv: how sure one model was of each held-out examination, and how far off it was."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cbvsynth.domain.uncertainty import ExamUncertainty
from cbvsynth.records.csv_codec import CsvFile

UNCERTAINTY_FILE = "uncertainty.csv"

_FILE = CsvFile(
    ExamUncertainty,
    "a table of a model's uncertainty",
    maker="train",
    key=("exam_id",),
    quote_text=True,
)


def write_uncertainty(path: Path, rows: Iterable[ExamUncertainty]) -> None:
    """Write the rows, atomically."""
    _FILE.write(path, rows)


def read_uncertainty(path: Path) -> tuple[ExamUncertainty, ...]:
    """Read what `write_uncertainty` wrote; empty where there is no such file: the model learned no spread.

    Raises:
        ResultError: the file is damaged.
    """
    return _FILE.read(path) if path.is_file() else ()
