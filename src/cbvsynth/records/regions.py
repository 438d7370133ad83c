"""regions.csv: where one model errs, a row for each held-out examination and region."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cbvsynth.domain.region_errors import RegionError
from cbvsynth.records.csv_codec import CsvFile
from cbvsynth.records.results import LARGEST

REGIONS_FILE = "regions.csv"


def _problem(row: RegionError) -> str:
    if row.voxels < 1:
        return f"voxels is {row.voxels}; expected 1 or more"
    if not 0 <= row.mae <= LARGEST:
        return f"mae is {row.mae:g}; expected 0 to {LARGEST:g}"
    return "" if abs(row.bias) <= LARGEST else f"bias is {row.bias:g}; expected {-LARGEST:g} to {LARGEST:g}"


_FILE = CsvFile(
    RegionError,
    "a table of errors by region",
    maker="train",
    key=("exam_id", "kind", "region"),
    quote_text=True,
    problem=_problem,
)


def write_regions(path: Path, rows: Iterable[RegionError]) -> None:
    """Write the rows, atomically."""
    _FILE.write(path, rows)


def read_regions(path: Path) -> tuple[RegionError, ...]:
    """Read what `write_regions` wrote; empty where there is no such file, as of an earlier release.

    Raises:
        ResultError: the file is damaged.
    """
    return _FILE.read(path) if path.is_file() else ()
