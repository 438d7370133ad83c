"""The list of examinations of a study: manifest.csv, or what a scan of the folders finds."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cbvsynth.domain.examination import UNSTATED_ENHANCING_LABEL, Examination
from cbvsynth.domain.options import Layout
from cbvsynth.errors import ManifestError
from cbvsynth.records.csv_codec import column_name, split_cells, write_rows
from cbvsynth.study.layout_tables import is_pseudonymous
from cbvsynth.study.layouts import LeftOut, scan
from cbvsynth.study.manifest_table import (
    COLUMNS,
    OPTIONAL_COLUMNS,
    Listed,
    Row,
    check_columns,
    examinations_of_rows,
    row_of,
)

MANIFEST_NAMES = ("manifest.csv", "manifest.parquet")
"""Names under which a study may bring its own manifest; the first that exists is read."""
MAX_MANIFEST_BYTES = 256 << 20
"""Largest manifest that is read: room for hundreds of thousands of examinations. Our choice."""


@dataclass(frozen=True)
class Manifest:
    """Examinations of a study, sorted by exam_id; paths are relative to `root`.

    `layout` is AUTO when the study brought a manifest of its own. `warnings` are doubts about what people
    wrote, which stopped nothing.
    """

    root: Path
    layout: Layout
    examinations: tuple[Examination, ...]
    recognised_because: str
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


def load_manifest(
    root: Path,
    layout: Layout = Layout.AUTO,
    prefer: Sequence[str] = (),
    enhancing_label: int = UNSTATED_ENHANCING_LABEL,
) -> Manifest:
    """The study's own manifest when there is one and the layout is AUTO; else a scan of its folders.

    `prefer` and `enhancing_label` are for the scan, as for `scan_study`.

    Raises:
        ManifestError: there is no such folder, nothing in it is recognised, or the list of
            examinations is wrong.
    """
    own = next((root / name for name in MANIFEST_NAMES if (root / name).is_file()), None)
    if layout is Layout.AUTO and own is not None:
        because = f"{own.name} in the data root"
        listed = _listed(own, root)
        return Manifest(root, Layout.AUTO, _ordered(listed.examinations), because, warnings=listed.warnings)
    return scan_study(root, layout, prefer, enhancing_label=enhancing_label)


def record_manifest(folder: Path, manifest: Manifest) -> None:
    """Leave the result of a scan where a later step finds it with `recorded_manifest`.

    Nothing is left of a study that brings a manifest of its own, which is read as quickly, nor of one whose
    folders may bear patients' names: its paths stay in the data root. Age, sex, site and scanner stay there,
    as no later step reads them.
    """
    target = folder / MANIFEST_NAMES[0]
    if manifest.layout is Layout.AUTO or is_pseudonymous(manifest.layout):
        target.unlink(missing_ok=True)
    else:
        write_manifest(
            target,
            [
                replace(one, age=None, sex="", scanner="", site="", field_t=None)
                for one in manifest.examinations
            ],
        )


def recorded_manifest(folder: Path, root: Path, layout: Layout = Layout.AUTO) -> tuple[Examination, ...]:
    """The examinations that validate saw: from its own folder, or else from the study again.

    Args:
        folder: where validate wrote, for `record_manifest`.
        root: data root.
        layout: as for `load_manifest`; not asked where the examinations were recorded.

    Raises:
        ManifestError: as `load_manifest`.
    """
    recorded = folder / MANIFEST_NAMES[0]
    if recorded.is_file():
        return read_manifest(recorded, root)
    return load_manifest(root, layout).examinations


def scan_study(
    root: Path,
    layout: Layout = Layout.AUTO,
    prefer: Sequence[str] = (),
    *,
    enhancing_label: int = UNSTATED_ENHANCING_LABEL,
    patterns: Sequence[str] = (),
) -> Manifest:
    """List the examinations found in a study's folders; a manifest that lies there is not read.

    Args:
        root: data root.
        layout: how its files are arranged; DICOM files are converted inside the root.
        prefer: settles ties between files of BIDS or DICOM series, the first first.
        enhancing_label: number of enhancing tumour in segmentations of which nothing says it, 3 or 4.
        patterns: how files are named where no layout fits, as in `patterns.pattern_table`.

    Raises:
        ManifestError: as `load_manifest`.
        UsageError: a pattern is none.
    """
    if layout is Layout.DICOM and not patterns:
        from cbvsynth.study.dicom.examinations import scan_dicom  # NumPy and nibabel, which names need not

        found = scan_dicom(root, prefer)
    else:
        found = scan(root, layout, prefer, patterns)
    listed = examinations_of_rows(
        f"The study (layout {found.layout})", [(row["exam_id"], row) for row in found.rows], root
    )
    stated = (
        replace(one, enhancing_label=one.enhancing_label or (enhancing_label if one.seg else 0))
        for one in listed.examinations
    )
    return Manifest(
        root,
        found.layout,
        _ordered(stated),
        found.because,
        found.left_out,
        (*found.warnings, *listed.warnings),
    )


def read_manifest(path: Path, root: Path) -> tuple[Examination, ...]:
    """Read manifest.csv or manifest.parquet; paths in it are relative to `root`. Sorted by exam_id.

    Raises:
        ManifestError: the file is missing, unreadable, empty or wrong; every wrong row is named.
    """
    return _ordered(_listed(path, root).examinations)


def _listed(path: Path, root: Path) -> Listed:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ManifestError(
            f"{path.name} cannot be opened ({error.strerror}); expected the list of examinations."
        ) from error
    if size > MAX_MANIFEST_BYTES:
        raise ManifestError(
            f"{path.name} has {size} bytes; expected a list of examinations, at most {MAX_MANIFEST_BYTES}."
        )
    columns, rows = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    check_columns(path.name, columns)
    return examinations_of_rows(path.name, rows, root)


def write_manifest(path: Path, examinations: Iterable[Examination]) -> None:
    """Write manifest.csv atomically, sorted by exam_id; `read_manifest` gives the same back.

    Columns of ASL, site, scales, enhancing_label, orientation and sha256 appear only where one has some.
    """
    rows = [row_of(examination) for examination in _ordered(examinations)]
    columns = [*COLUMNS, *(name for name in OPTIONAL_COLUMNS if any(row[name] for row in rows))]
    write_rows(path, columns, ([row[name] for name in columns] for row in rows))


def _ordered(examinations: Iterable[Examination]) -> tuple[Examination, ...]:
    return tuple(sorted(examinations, key=lambda examination: examination.exam_id))


def _read_csv(path: Path) -> tuple[Sequence[str], list[tuple[str, Row]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            lines = [cells for _, cells in split_cells(source.read(), strict=True)]
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path.name} is not UTF-8 text; save it as 'CSV UTF-8 (comma delimited)'."
        ) from error
    except csv.Error as error:
        raise ManifestError(f"{path.name} is not a CSV table ({error}); save it again.") from error
    except OSError as error:
        raise ManifestError(f"{path.name} cannot be read ({error.strerror}).") from error
    if not lines:
        raise ManifestError(
            f"{path.name} is empty; expected a line of column names and a row per examination."
        )
    columns = [column_name(cell) for cell in lines[0]]
    rows: list[tuple[str, Row]] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise ManifestError(
                f"{path.name}, row {number}: {len(cells)} cells; expected {len(columns)}, one for each "
                "column."
            )
        rows.append((f"row {number}", dict(zip(columns, cells, strict=True))))
    return columns, rows


def _read_parquet(path: Path) -> tuple[Sequence[str], list[tuple[str, Row]]]:
    try:
        from pyarrow import ArrowInvalid, parquet  # type: ignore[import-untyped]  # it ships no types
    except ImportError as error:
        raise ManifestError(
            f"{path.name} needs the package pyarrow, which is not installed; it comes with the extra "
            "'parquet' (pip install 'cbvsynth[parquet]'). Install it, or save manifest.csv."
        ) from error
    try:
        # Neither read_table nor to_pylist of a table: both import pandas where it is installed.
        table = parquet.ParquetFile(str(path)).read()
        columns = [column_name(str(name)) for name in table.column_names]
        cells = [column.to_pylist() for column in table.columns]
    except (ArrowInvalid, OSError) as error:
        raise ManifestError(f"{path.name} is not a Parquet table; write it again.") from error
    rows: list[tuple[str, Row]] = [
        (f"row {number}", dict(zip(columns, map(_text_of, values), strict=True)))
        for number, values in enumerate(zip(*cells, strict=True), start=2)
    ]
    return columns, rows


def _text_of(value: object) -> str:
    """A cell as CSV would hold it; missing and NaN are empty."""
    if value is None or value != value:  # noqa: PLR0124  # NaN is the value that differs from itself
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
