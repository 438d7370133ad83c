"""A table of survival: patient, time_months, event, cbv_real, cbv_synthetic, and covariates by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.domain.statistics.samples import Float64Array
from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import CsvFile, column_name, decimal, read_named

CBV_COLUMNS = {MapKind.SYNTHETIC: "cbv_synthetic", MapKind.REAL: "cbv_real"}
DAYS_PER_MONTH = 365.25 / 12
MOST_WORDS = 6
"""Ours: a column of more different words is a name, not a covariate."""
_EVENT = {"1": True, "0": False, "yes": True, "no": False, "true": True, "false": False}
_MISSING = frozenset({"", "na", "n/a", "nan"})
_EXAMPLE = "sub-001,14.5,1,5.2,5.4,61,F under patient,time_months,event,cbv_real,cbv_synthetic,age,sex"


@dataclass(frozen=True)
class SimulatedPatient:
    """A row that we write ourselves; times in months, CBV in mL/100 g, age in years."""

    patient: str
    time_months: float
    event: bool
    cbv_real: float
    cbv_synthetic: float
    age: float


_FILE = CsvFile(
    SimulatedPatient, "a table of survival", maker="'cbvsynth clinical simulate'", key=("patient",)
)
_Row = tuple[int, dict[str, str]]


def write_survival(path: Path, patients: Iterable[SimulatedPatient]) -> None:
    """Write a table of simulated patients, atomically."""
    _FILE.write(path, patients)


def read_survival(path: Path, covariates: Sequence[str] = ()) -> SurvivalTable:
    """Read a table of survival; columns in any order; other columns are ignored.

    The time may stand in `time_days` instead, and one of the two columns of CBV may lack. A patient in whom
    anything is missing that is asked for (empty, NA) is left out, from all models alike, and counted.

    Args:
        path: CSV.
        covariates: columns to adjust for; numbers are taken as they are, words as groups.

    Raises:
        ResultError: the file is missing, is not CSV in UTF-8, lacks a column, a value is not what its
            column asks for, a patient stands in it twice, or no patient is complete.
    """
    covariates = tuple(dict.fromkeys(map(column_name, covariates)))
    rows = read_named(
        path, ("patient", "event", *covariates), f"save it as CSV in UTF-8 with rows such as {_EXAMPLE}"
    )
    if not rows:
        raise ResultError(f"{path} has no row; expected rows such as {_EXAMPLE}")
    time_column, per_month = _time_column(path, rows[0][1])
    kinds = [kind for kind, column in CBV_COLUMNS.items() if column in rows[0][1]]
    if not kinds:
        raise ResultError(f"{path} has neither cbv_synthetic nor cbv_real; expected one at least.")
    _refuse_repetition(path, rows)
    needed = [time_column, "event", *(CBV_COLUMNS[kind] for kind in kinds), *covariates]
    whole = [row for row in rows if not any(row[1][name].lower() in _MISSING for name in needed)]
    if not whole:
        raise ResultError(
            f"{path}: in each of {len(rows)} patients something of {', '.join(needed)} is missing; "
            "expected complete ones. Name fewer covariates, or fill the table in."
        )
    months = _numbers(path, whole, time_column) / per_month
    if months.min() <= 0:
        line = whole[int(months.argmin())][0]
        raise ResultError(
            f"{path}, line {line}: {time_column} is {months.min() * per_month:g}; expected above 0. Who "
            "was not followed at all cannot take part."
        )
    return SurvivalTable(
        time_months=months,
        event=np.array([_event(path, row) for row in whole]),
        cbv={kind: _numbers(path, whole, CBV_COLUMNS[kind]) for kind in kinds},
        covariates={
            name: values for column in covariates for name, values in _covariate(path, whole, column).items()
        },
        left_out=len(rows) - len(whole),
    )


def _time_column(path: Path, row: Mapping[str, str]) -> tuple[str, float]:
    found = [name for name in ("time_months", "time_days") if name in row]
    if len(found) != 1:
        raise ResultError(
            f"{path} has {' and '.join(found) or 'no time'}; expected one column, time_months or time_days."
        )
    return found[0], 1.0 if found[0] == "time_months" else DAYS_PER_MONTH


def _refuse_repetition(path: Path, rows: Sequence[_Row]) -> None:
    seen: dict[str, int] = {}
    for line, row in rows:
        if not row["patient"]:
            raise ResultError(f"{path}, line {line}: patient is empty; expected a pseudonym or number.")
        if row["patient"] in seen:
            raise ResultError(
                f"{path}, line {line}: the patient of line {seen[row['patient']]} again; expected one "
                "row a patient. Keep one examination of each, as the first."
            )
        seen[row["patient"]] = line


def _event(path: Path, row: _Row) -> bool:
    line, cells = row
    found = _EVENT.get(cells["event"].lower())
    if found is None:
        raise ResultError(
            f"{path}, line {line}: event is '{cells['event'][:40]}'; expected 1 where it came, 0 where "
            "the patient was censored."
        )
    return found


def _numbers(path: Path, rows: Sequence[_Row], column: str) -> Float64Array:
    values = np.array([_number(cells[column]) for _, cells in rows])
    if not np.isfinite(values).all():
        line, cells = rows[int(np.flatnonzero(~np.isfinite(values))[0])]
        raise ResultError(f"{path}, line {line}: {column} is '{cells[column][:40]}'; expected a number.")
    return values


def _number(text: str) -> float:
    try:
        return decimal(text)
    except ValueError:
        return math.nan


def _covariate(path: Path, rows: Sequence[_Row], column: str) -> dict[str, Float64Array]:
    """Numbers as one column; words as one column of 0 and 1 for each word but the first of the alphabet."""
    cells = [row[column] for _, row in rows]
    if any(math.isfinite(_number(cell)) for cell in cells):
        return {column: _numbers(path, rows, column)}
    words = sorted(set(cells))
    if not 2 <= len(words) <= MOST_WORDS:
        raise ResultError(
            f"{path}: {column} has {len(words)} different words; expected 2 to {MOST_WORDS}, or "
            "numbers. Leave it out, or put words together."
        )
    return {
        f"{column}: {word}, not {words[0]}": np.array([float(cell == word) for cell in cells])
        for word in words[1:]
    }
