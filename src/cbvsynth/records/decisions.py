"""What validate decided about each examination: the table between validate and preprocess."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from cbvsynth.errors import ResultError
from cbvsynth.records.storage import atomic_file

ACCEPTED = "accepted"
DROPPED = "dropped"

_BETWEEN_REASONS = "; "


@dataclass(frozen=True)
class Decision:
    """One examination is accepted, or dropped for one or more reasons.

    Raises:
        ResultError: the status is neither word, an accepted examination has reasons or a dropped one
            has none, or a reason is empty or holds the sign that separates reasons in the table.
    """

    exam_id: str
    subject_id: str
    session_id: str
    status: str
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in (ACCEPTED, DROPPED):
            raise ResultError(
                f"{self.exam_id}: the status is '{self.status}'; expected '{ACCEPTED}' or '{DROPPED}'. "
                "Run validate again."
            )
        if self.accepted == bool(self.reasons):
            raise ResultError(
                f"{self.exam_id}: the status is '{self.status}' with {len(self.reasons)} reasons; expected "
                "none when accepted and at least one when dropped. Run validate again."
            )
        for reason in self.reasons:
            if reason != reason.strip() or not reason or _BETWEEN_REASONS.strip() in reason:
                raise ResultError(
                    f"{self.exam_id}: the reason '{reason}' cannot be stored; expected text without "
                    "semicolons and without space at its ends. Reword it."
                )

    @property
    def accepted(self) -> bool:
        """Whether preprocess reads the examination."""
        return self.status == ACCEPTED


_COLUMNS = tuple(field.name for field in fields(Decision))


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions as CSV in the given order, reasons separated by '; ', atomically."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for decision in decisions:
            writer.writerow(
                (
                    decision.exam_id,
                    decision.subject_id,
                    decision.session_id,
                    decision.status,
                    _BETWEEN_REASONS.join(decision.reasons),
                )
            )


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Read what `write_decisions` wrote.

    Raises:
        ResultError: the file is missing, has other columns, names an examination twice, or a row is
            damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            found = tuple(reader.fieldnames or ())
            if found != _COLUMNS:
                raise ResultError(
                    f"{path} has columns {', '.join(found) or 'none'}; expected {', '.join(_COLUMNS)}. "
                    "Run validate again."
                )
            decisions = tuple(_decision(path, row) for row in reader)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run validate first.") from error
    except UnicodeDecodeError as error:
        raise ResultError(f"{path} is not UTF-8 text; run validate again.") from error
    _refuse_repeated(path, decisions)
    return decisions


def _decision(path: Path, row: dict[str, str | None]) -> Decision:
    values = [row.get(name) for name in _COLUMNS]
    if None in row or any(value is None for value in values):
        raise ResultError(
            f"{path}: the row of '{row.get('exam_id') or '?'}' has not {len(_COLUMNS)} values; "
            "run validate again."
        )
    exam_id, subject_id, session_id, status, reasons = (str(value) for value in values)
    return Decision(
        exam_id,
        subject_id,
        session_id,
        status,
        tuple(reason.strip() for reason in reasons.split(_BETWEEN_REASONS.strip()) if reason.strip()),
    )


def _refuse_repeated(path: Path, decisions: tuple[Decision, ...]) -> None:
    seen: set[str] = set()
    for decision in decisions:
        if decision.exam_id in seen:
            raise ResultError(
                f"{path} decides about '{decision.exam_id}' twice; expected one row per examination. "
                "Run validate again."
            )
        seen.add(decision.exam_id)
