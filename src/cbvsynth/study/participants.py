"""What a study says about its patients and sessions in participants.tsv and sessions.tsv.

Both are read where they exist, in any layout: participants.tsv and sessions.tsv in the data root, and
<subject>/<subject>_sessions.tsv as in BIDS. Columns named like those of the manifest are taken.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.examination import QUALITY_FLAGS
from cbvsynth.errors import ManifestError
from cbvsynth.study.free_text import YEARS_IN, age_years, flag, is_unknown
from cbvsynth.study.manifest_table import SPLITS, Problem, raise_problems

TRAIT_COLUMNS = ("age", "sex", "diagnosis", "grade", "scanner", "site", "field_t", "split", *QUALITY_FLAGS)
MAX_TABLE_BYTES = 64 << 20
"""Largest table that is read: room for hundreds of thousands of patients. Our choice."""

_NO_SPLIT = (
    "neither train nor held-out nor empty; correct it, or give the column another name where it tells of "
    "another split"
)
_LINE_END = re.compile(r"\r\n|\n|\r")

Traits = Mapping[str, str]


@dataclass(frozen=True)
class StudyTables:
    """Cells by patient and by patient and session; a session's cell precedes its patient's.

    `warnings` say, by rows, what in the tables was in doubt; no patient's name is in them.
    """

    patients: Mapping[str, Traits]
    sessions: Mapping[tuple[str, str], Traits]
    warnings: tuple[str, ...] = ()

    def traits(self, subject: str, session: str) -> dict[str, str]:
        """Non-empty cells for one examination, by manifest column."""
        patient, visit = _bare(subject, "sub-"), _bare(session, "ses-")
        return {**self.patients.get(patient, {}), **self.sessions.get((patient, visit), {})}


class _Names:
    """Names of folders; a number with other zeros in front is the same where it is the only one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_number: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            if name.isdecimal():
                self._by_number[name.lstrip("0")].append(name)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def meant(self, stated: str) -> str:
        """The name that is meant; what is stated where there is none or more than one."""
        if stated in self or not stated.isdecimal():
            return stated
        same = self._by_number.get(stated.lstrip("0"), [])
        return same[0] if len(same) == 1 else stated


class _Examinations:
    """Patients and sessions that were found, and what rows of tables say that they are about."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        visits: dict[str, set[str]] = defaultdict(set)
        for subject, session in found:
            visits[_bare(subject, "sub-")].add(_bare(session, "ses-"))
        self.patients = _Names(visits)
        self._sessions = {patient: _Names(names) for patient, names in visits.items()}
        self.absent: list[str] = []

    def of_row(self, row: Mapping[str, str], place: str, warnings: list[str]) -> tuple[str, str]:
        """Patient and session of a row; the session is empty where it is about the patient.

        Rows about a session of a patient who is here, which is not, are kept in `absent`.
        """
        stated = _bare(row["participant_id"], "sub-"), _bare(row.get("session_id", ""), "ses-")
        patient = self.patients.meant(stated[0])
        if patient != stated[0]:
            warnings.append(f"{place}: its participant_id has other zeros in front than the patient's folder")
        if is_unknown(stated[1]):
            return patient, ""
        sessions = self._sessions.get(patient)
        visit = sessions.meant(stated[1]) if sessions else stated[1]
        if visit != stated[1]:
            warnings.append(f"{place}: its session_id has other zeros in front than the session's folder")
        elif sessions and visit not in sessions:
            self.absent.append(place)
        return patient, visit


def read_study_tables(root: Path, found: Iterable[tuple[str, str]]) -> StudyTables:
    """Read the tables that exist.

    A row of participants.tsv with a session_id describes that session. Rows for the same patient or session
    that contradict each other leave the cell unknown, with a warning.

    Args:
        root: data root.
        found: subject and session of each examination, as the folders call them.

    Raises:
        ManifestError: a table cannot be read, is too large, has no column for its patients or sessions, or a
            split that is none: its patient might be trained on, and evaluated.
    """
    warnings: list[str] = []
    patients: dict[str, dict[str, str]] = {}
    sessions: dict[tuple[str, str], dict[str, str]] = {}
    names = set(found)
    here = _Examinations(names)
    factor = _years_in_one(root, warnings)
    rows = _all_rows(root, {subject for subject, _ in names}, warnings)
    conflicts: set[tuple[object, str]] = set()
    problems: list[Problem] = []
    matched = 0
    for place, row in rows:
        patient, visit = here.of_row(row, place, warnings)
        matched += patient in here.patients
        target = sessions.setdefault((patient, visit), {}) if visit else patients.setdefault(patient, {})
        cells = _traits(row, place, factor, warnings)
        if patient in here.patients and cells.get("split", "") not in SPLITS:
            problems.append(Problem(place, "split", _NO_SPLIT))
        for column, cell in cells.items():
            key = ((patient, visit), column)
            if key not in conflicts and target.setdefault(column, cell) != cell:
                warnings.append(f"{place}, column {column}: contradicts an earlier row; taken as unknown")
                conflicts.add(key)
                del target[column]
    raise_problems("What the study's tables say of its patients", problems)
    if rows and not matched:
        warnings.append("The tables of participants and sessions describe none of the patients found")
    if here.absent:
        warnings.append(
            f"{here.absent[0]}: describes a session that is not here"
            + (f" (the first of {len(here.absent)} such rows)" if len(here.absent) > 1 else "")
        )
    return StudyTables(patients, sessions, tuple(warnings))


def _all_rows(root: Path, subjects: set[str], warnings: list[str]) -> list[tuple[str, dict[str, str]]]:
    rows = [
        *_read(root / "participants.tsv", ("participant_id",), warnings),
        *_read(root / "sessions.tsv", ("participant_id", "session_id"), warnings),
    ]
    for subject in sorted(subjects):
        path = root / subject / f"{subject}_sessions.tsv"
        found = _read(path, ("session_id",), warnings)
        rows += [(place, {**row, "participant_id": subject}) for place, row in found]
    return rows


def _read(path: Path, required: tuple[str, ...], warnings: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Rows by lower-case column, each with its place; none where there is no file.

    A file's name may hold a patient's name.
    """
    name = path.name if path.name in ("participants.tsv", "sessions.tsv") else "A patient's sessions.tsv"
    text = _text(path, name, warnings)
    if text is None:
        return []
    lines = [line.split("\t") for line in _LINE_END.split(text)]
    columns = [cell.strip().strip('"').lower() for cell in lines[0]] if lines else []
    missing = [column for column in required if column not in columns]
    if missing:
        raise ManifestError(
            f"{name} has no column {missing[0]}; expected tab-separated {', '.join(required)}."
        )
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        place = f"{name}, row {number}"
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(columns) :]):
            warnings.append(
                f"{place}: {len(cells)} cells; expected {len(columns)}, separated by tabs; it is left out"
            )
            continue
        if len(cells) < len(columns):
            warnings.append(f"{place}: {len(cells)} cells of {len(columns)}; the others are taken as unknown")
        row = _row(columns, cells, place, warnings)
        if all(row[column] for column in required):
            rows.append((place, row))
        else:
            warnings.append(f"{place}: nothing says whose it is; it is left out")
    return rows


def _text(path: Path, name: str, warnings: list[str]) -> str | None:
    """A table's text; None where there is no file."""
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ManifestError(
                f"{name} is larger than {MAX_TABLE_BYTES} bytes; expected a table of patients."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(f"{name} cannot be read ({error.strerror}).") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        warnings.append(f"{name} is not UTF-8 text; read as Latin-1, so that accents may be wrong")
        return content.decode("latin-1")


def _row(columns: list[str], cells: list[str], place: str, warnings: list[str]) -> dict[str, str]:
    """Cells by column; of a column that is there twice the common value, or none."""
    row: dict[str, str] = {}
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    for column in dict.fromkeys(columns):
        found = {
            cell.strip().strip('"').strip()
            for name, cell in zip(columns, padded, strict=False)
            if name == column
        } - {""}
        if len(found) > 1:
            warnings.append(f"{place}, column {column}: there twice, with different cells; taken as unknown")
        row[column] = found.pop() if len(found) == 1 else ""
    return row


def _traits(row: Mapping[str, str], place: str, years_in_one: float, warnings: list[str]) -> dict[str, str]:
    found = {column: row[column] for column in TRAIT_COLUMNS if not is_unknown(row.get(column, ""))}
    if "age" in found and years_in_one != 1.0:
        reading = age_years(found.pop("age"), years_in_one)
        if reading.doubt:
            warnings.append(f"{place}, column age: {reading.doubt}")
        if reading.value is not None:
            found["age"] = repr(round(reading.value, 3))
    for column in QUALITY_FLAGS:
        if flag(row.get(column, "")) is None:
            warnings.append(f"{place}, column {column}: neither 0 nor 1; taken as unknown")
            found.pop(column, None)
    return found


def _years_in_one(root: Path, warnings: list[str]) -> float:
    """Years in the unit of the age column, as participants.json states it; NaN for an unknown unit."""
    path = root / "participants.json"
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            return 1.0
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return 1.0
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        warnings.append("participants.json cannot be read; ages are taken as years")
        return 1.0
    columns = content.items() if isinstance(content, dict) else ()
    described = next((value for name, value in columns if name.strip().lower() == "age"), None)
    unit = described.get("Units") if isinstance(described, dict) else None
    if not unit:
        return 1.0
    word = str(unit).strip().lower().removesuffix("s")
    if word in (*YEARS_IN, "yr"):
        return YEARS_IN.get(word, 1.0)
    warnings.append(f"participants.json gives ages in '{str(unit)[:20]}'; taken as unknown")
    return math.nan


def _bare(name: str, prefix: str) -> str:
    return name.strip().removeprefix(prefix)
