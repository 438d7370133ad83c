"""Rows of a manifest to examinations and back, and everything that makes a manifest wrong.

Rows are counted as a spreadsheet shows them: the line of column names is row 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cbvsynth.domain.examination import (
    ENHANCING_LABEL,
    LEGACY_ENHANCING_LABEL,
    ORIENTATIONS,
    QUALITY_FLAGS,
    UNSTATED_ENHANCING_LABEL,
    Examination,
)
from cbvsynth.domain.sequences import OPTIONAL_SEQUENCES, PAPER_SEQUENCES, TargetUnit
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.errors import ManifestError
from cbvsynth.study.free_text import Reading, age_years, field_tesla, flag, is_unknown
from cbvsynth.study.paths import path_problem

SEQUENCE_ROLES = tuple(sequence.value for sequence in MriSequence)
ROLES = (*SEQUENCE_ROLES, "cbv", "mask", "seg")
TEXTS = ("sex", "diagnosis", "grade", "scanner", "site")
SPLITS = ("", "train", "held-out")
COLUMNS = (
    *("exam_id", "subject_id", "session_id"),
    *(*(sequence.value for sequence in PAPER_SEQUENCES), "cbv", "mask", "seg"),
    *("target_unit", "age", "sex", "diagnosis", "grade", "scanner", "field_t"),
    *QUALITY_FLAGS,
    "split",
)
OPTIONAL_COLUMNS = (
    *(sequence.value for sequence in OPTIONAL_SEQUENCES),
    *("site", "scales", "enhancing_label", "orientation"),
    *(f"sha256_{role}" for role in ROLES),
)
REQUIRED_COLUMNS = ("exam_id", "subject_id", "target_unit")
SHOWN_PROBLEMS = 10
"""How many problems one message lists."""

# Names of folders and files on any system: no separator, no space, no leading dot or dash.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Row = Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a manifest; `place` is a row number or an examination."""

    place: str
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}, column {self.column}: {self.message}" if self.column else self.message


@dataclass(frozen=True)
class Listed:
    """Examinations of a table, and what in it was in doubt and did not stop them."""

    examinations: tuple[Examination, ...]
    warnings: tuple[str, ...] = ()


def raise_problems(name: str, problems: Sequence[Problem]) -> None:
    """Raise one error that lists the first problems, if there are any.

    Raises:
        ManifestError: there is at least one problem.
    """
    if problems:
        shown = [f"  {problem}" for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            shown.append(f"  ... and {len(problems) - SHOWN_PROBLEMS} more")
        raise ManifestError("\n".join([f"{name} cannot be used ({len(problems)} found):", *shown]))


def check_columns(name: str, found: Sequence[str]) -> None:
    """Refuse a header line with missing, unknown or repeated columns.

    Raises:
        ManifestError: there is one.
    """
    problems = []
    known = (*COLUMNS, *OPTIONAL_COLUMNS)
    problems += [
        Problem("row 1", column, "unknown column; expected names among " + ", ".join(known))
        for column in found
        if column not in known
    ]
    problems += [
        Problem("row 1", column, "required column is missing; add it")
        for column in REQUIRED_COLUMNS
        if column not in found
    ]
    if not set(SEQUENCE_ROLES) & set(found):
        problems.append(
            Problem("row 1", "t1", "no sequence column; expected one or more of " + ", ".join(SEQUENCE_ROLES))
        )
    problems += [
        Problem("row 1", column, "the column appears more than once; keep one")
        for column in dict.fromkeys(found)
        if found.count(column) > 1
    ]
    raise_problems(name, problems)


def examinations_of_rows(name: str, rows: Iterable[tuple[str, Row]], root: Path) -> Listed:
    """Examinations of rows, each checked by itself and against the others; a row comes with its place.

    What people write freely (ages, field strengths, words) never stops a study: the certain part is taken.

    Raises:
        ManifestError: there is no row, or any of them is wrong.
    """
    problems: list[Problem] = []
    doubts: list[Problem] = []
    placed: list[tuple[str, Examination]] = []
    for place, row in rows:
        parser = _RowParser(place, row, root, problems, doubts)
        examination = parser.examination()
        if examination is not None:
            placed.append((parser.place, examination))
    if not placed and not problems:
        raise ManifestError(f"{name} lists no examination; expected one row for each.")
    raise_problems(name, [*problems, *problems_between(placed)])
    return Listed(tuple(examination for _, examination in placed), tuple(map(str, doubts)))


def problems_between(placed: Sequence[tuple[str, Examination]]) -> list[Problem]:
    """Where examinations contradict each other; each comes with its place (row or exam_id)."""
    problems: list[Problem] = []
    first: dict[tuple[str, ...], str] = {}

    def once(place: str, column: str, key: tuple[str, ...], message: str) -> None:
        before = first.setdefault(key, f"{place}, column {column}")
        if before != f"{place}, column {column}":
            problems.append(Problem(place, column, f"{message} {before.split(',')[0]}"))

    units: dict[TargetUnit, str] = {}
    splits: dict[str, tuple[str, str]] = {}
    for place, examination in placed:
        subject, session = examination.subject_id, examination.session_id
        once(place, "exam_id", ("exam", examination.exam_id), "the same exam_id as in")
        once(place, "session_id", ("session", subject, session), "the same subject and session as in")
        for role, path in examination.files.items():
            once(place, role, ("path", str(path)), "the same file as in")
        units.setdefault(examination.target_unit, place)
        if len(units) > 1 and next(iter(units)) != examination.target_unit:
            other, at = next(iter(units.items()))
            problems.append(
                Problem(
                    place,
                    "target_unit",
                    f"'{examination.target_unit}', but '{other}' in {at}; units never mix in one study: "
                    "split it",
                )
            )
        if examination.split:
            split, at = splits.setdefault(subject, (examination.split, place))
            if split != examination.split:
                problems.append(
                    Problem(
                        place,
                        "split",
                        f"'{examination.split}', but '{split}' in {at} for the same patient; a patient stays "
                        "on one side",
                    )
                )
    return problems


class _RowParser:
    """Turns one row into an examination and collects what is wrong with it."""

    def __init__(
        self, place: str, row: Row, root: Path, problems: list[Problem], doubts: list[Problem]
    ) -> None:
        self.place = place
        self._row = row
        self._root = root
        self._problems = problems
        self._doubts = doubts

    def examination(self) -> Examination | None:
        before = len(self._problems)
        files = {role: path for role in ROLES if (path := self._path(role)) is not None}
        if not set(files) & set(SEQUENCE_ROLES) and len(self._problems) == before:
            self._report("t1", "no sequence is given; expected one or more of " + ", ".join(SEQUENCE_ROLES))
        fields = {
            "exam_id": self._name("exam_id"),
            "subject_id": self._name("subject_id"),
            "session_id": self._name("session_id", required=False),
            "target_unit": self._choice("target_unit", tuple(TargetUnit)),
            "age": self._reading("age", age_years),
            "field_t": self._reading("field_t", field_tesla),
            "split": self._choice("split", SPLITS),
            **{column: self._text(column) for column in TEXTS},
        }
        flags = frozenset(name for name in QUALITY_FLAGS if self._flag(name))
        sha256 = {role: digest for role in ROLES if (digest := self._digest(role))}
        scales = self._scales()
        enhancing_label = self._enhancing_label()
        orientation = self._orientation()
        if len(self._problems) > before:
            return None
        return Examination(
            inputs={sequence: files[sequence.value] for sequence in MriSequence if sequence.value in files},
            cbv=files.get("cbv"),
            mask=files.get("mask"),
            seg=files.get("seg"),
            flags=flags,
            sha256=sha256,
            scales=scales,
            enhancing_label=enhancing_label,
            orientation=orientation,
            **{**fields, "target_unit": TargetUnit(str(fields["target_unit"]))},  # type: ignore[arg-type]  # checked above
        )

    def _report(self, column: str, message: str) -> None:
        self._problems.append(Problem(self.place, column, message))

    def _cell(self, column: str) -> str:
        text = self._row.get(column, "")
        return text if text.strip() else ""

    def _text(self, column: str) -> str:
        text = self._cell(column)
        if is_unknown(text):
            return ""
        if text.isprintable():
            return text
        self._doubts.append(
            Problem(self.place, column, "a line break or control character, taken as a space")
        )
        return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())

    def _name(self, column: str, *, required: bool = True) -> str:
        text = self._cell(column).strip()
        if (text or required) and not _NAME.fullmatch(text):
            found = "empty" if not text else "characters that a file name should not have"
            self._report(column, f"{found}; expected letters, digits and . _ + -, at most 128")
        return text

    def _choice(self, column: str, choices: Sequence[str]) -> str:
        text = self._cell(column).strip()
        if text not in choices:
            expected = " or ".join(choice or "empty" for choice in choices)
            self._report(column, f"'{text}'; expected {expected}")
        return text

    def _reading(self, column: str, read: Callable[[str], Reading]) -> float | None:
        reading = read(self._cell(column))
        if reading.doubt:
            self._doubts.append(Problem(self.place, column, reading.doubt))
        return reading.value

    def _flag(self, column: str) -> bool:
        text = self._cell(column).strip().lower()
        found = flag(text)
        if found is None:
            self._report(column, f"'{text}'; expected 0 or 1")
        return bool(found)

    def _path(self, column: str) -> PurePosixPath | None:
        text = self._cell(column)
        if not text:
            return None
        path = PurePosixPath(text)
        problem = path_problem(self._root, path)
        if not problem and not text.isprintable():
            problem = "contains a line break or control character"
        if problem:
            self._report(column, f"the path {problem}; expected one relative to the data root and inside it")
        return path

    def _digest(self, role: str) -> str:
        column = f"sha256_{role}"
        text = self._cell(column).strip().lower()
        if text and not _SHA256.fullmatch(text):
            self._report(column, "not a SHA-256; expected 64 hexadecimal digits or empty")
        return text

    def _enhancing_label(self) -> int:
        text = self._cell("enhancing_label").strip()
        if text and text not in (str(ENHANCING_LABEL), str(LEGACY_ENHANCING_LABEL)):
            self._report("enhancing_label", f"'{text}'; expected 3, 4 (BraTS until 2022) or empty")
            return UNSTATED_ENHANCING_LABEL
        return int(text or UNSTATED_ENHANCING_LABEL)

    def _orientation(self) -> str:
        text = self._cell("orientation").strip().upper()
        if text and text not in ORIENTATIONS:
            self._report(
                "orientation",
                f"'{text}'; expected where the three axes run, a letter each: one of L R, one of P A, one of "
                "I S, as in RAS or LPS, or empty",
            )
        return text

    def _scales(self) -> dict[str, float]:
        scales: dict[str, float] = {}
        for part in filter(None, self._cell("scales").strip().split(";")):
            role, _, factor = part.partition("=")
            try:
                value = float(factor)
            except ValueError:
                value = math.nan
            if role not in ROLES or not math.isfinite(value) or value <= 0:
                self._report("scales", f"'{part}'; expected factors such as adc=0.5, joined by ';'")
            else:
                scales[role] = value
        return scales


def row_of(examination: Examination) -> dict[str, str]:
    """All cells of an examination, optional columns included; reads back exactly."""
    files = examination.files
    return {
        "exam_id": examination.exam_id,
        "subject_id": examination.subject_id,
        "session_id": examination.session_id,
        **{role: str(files[role]) if role in files else "" for role in ROLES},
        "target_unit": examination.target_unit.value,
        "age": _number_text(examination.age),
        **{column: str(getattr(examination, column)) for column in TEXTS},
        "field_t": _number_text(examination.field_t),
        **{name: "1" if name in examination.flags else "0" for name in QUALITY_FLAGS},
        "split": examination.split,
        "scales": ";".join(f"{role}={factor!r}" for role, factor in examination.scales.items()),
        "enhancing_label": str(examination.enhancing_label or ""),
        "orientation": examination.orientation,
        **{f"sha256_{role}": examination.sha256.get(role, "") for role in ROLES},
    }


def _number_text(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(float(value))
