"""What a study says about its patients and sessions in participants.tsv and sessions.tsv.

Both are read where they exist, in any layout: participants.tsv and sessions.tsv in the data root, and
<subject>/<subject>_sessions.tsv as in BIDS. Columns named like those of the manifest are taken.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.examination import QUALITY_FLAGS
from cbvsynth.errors import ManifestError

TRAIT_COLUMNS = ("age", "sex", "diagnosis", "grade", "scanner", "field_t", "split", *QUALITY_FLAGS)
MAX_TABLE_BYTES = 64 << 20
"""Largest table that is read: room for hundreds of thousands of patients. Our choice."""

_EMPTY = {"n/a", "na", "nan", "none", ""}

Traits = Mapping[str, str]


@dataclass(frozen=True)
class StudyTables:
    """Cells by patient and by patient and session; a session's cell precedes its patient's."""

    patients: Mapping[str, Traits]
    sessions: Mapping[tuple[str, str], Traits]

    def traits(self, subject: str, session: str) -> dict[str, str]:
        """Non-empty cells for one examination, by manifest column."""
        return {
            **self.patients.get(_bare(subject, "sub-"), {}),
            **self.sessions.get((_bare(subject, "sub-"), _bare(session, "ses-")), {}),
        }


def read_study_tables(root: Path, subjects: set[str]) -> StudyTables:
    """Read the tables that exist.

    Raises:
        ManifestError: a table is not UTF-8, has no column for its patients or sessions, or has a row
            with more or fewer cells than columns.
    """
    patients = {
        _bare(row["participant_id"], "sub-"): _traits(row)
        for row in _read(root / "participants.tsv", ("participant_id",))
    }
    sessions = {
        (_bare(row["participant_id"], "sub-"), _bare(row["session_id"], "ses-")): _traits(row)
        for row in _read(root / "sessions.tsv", ("participant_id", "session_id"))
    }
    for subject in sorted(subjects):
        for row in _read(root / subject / f"{subject}_sessions.tsv", ("session_id",)):
            sessions[(_bare(subject, "sub-"), _bare(row["session_id"], "ses-"))] = _traits(row)
    return StudyTables(patients, sessions)


def _read(path: Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows by lower-case column; none where there is no file. A file's name may hold a patient's name."""
    name = path.name if path.name in ("participants.tsv", "sessions.tsv") else "A patient's sessions.tsv"
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ManifestError(
                f"{name} is larger than {MAX_TABLE_BYTES} bytes; expected a table of patients."
            )
        with path.open(encoding="utf-8-sig", newline="") as source:
            lines = list(csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE))
    except FileNotFoundError:
        return []
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise ManifestError(
            f"{name} cannot be read as UTF-8 text; save it as tab-separated UTF-8."
        ) from error
    columns = [cell.strip().lower() for cell in lines[0]] if lines else []
    missing = [column for column in required if column not in columns]
    if missing:
        raise ManifestError(
            f"{name} has no column {missing[0]}; expected tab-separated {', '.join(required)}."
        )
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise ManifestError(
                f"{name}, row {number}: {len(cells)} cells; expected {len(columns)}, separated by tabs."
            )
        rows.append(dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
    return rows


def _traits(row: Mapping[str, str]) -> dict[str, str]:
    found = {column: row[column] for column in TRAIT_COLUMNS if row.get(column, "").lower() not in _EMPTY}
    if "age" in found:
        found["age"] = found["age"].removesuffix("+")  # BIDS: ages above 89 are given as 89+
    return found


def _bare(name: str, prefix: str) -> str:
    return name.strip().removeprefix(prefix)
