"""What validate decided about each examination: the table between validate and preprocess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.errors import ResultError
from cbvsynth.records.csv_codec import BETWEEN_ITEMS, CsvFile

ACCEPTED = "accepted"
DROPPED = "dropped"


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
            if reason != reason.strip() or not reason or BETWEEN_ITEMS.strip() in reason:
                raise ResultError(
                    f"{self.exam_id}: the reason '{reason}' cannot be stored; expected text without "
                    "semicolons and without space at its ends. Reword it."
                )

    @property
    def accepted(self) -> bool:
        """Whether preprocess reads the examination."""
        return self.status == ACCEPTED


_FILE = CsvFile(Decision, "the list of decisions", maker="validate", key=("exam_id",))


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions as CSV in the given order, reasons separated by '; ', atomically."""
    _FILE.write(path, decisions)


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Read what `write_decisions` wrote.

    Raises:
        ResultError: the file is missing, has other columns, names an examination twice, or a row is
            damaged.
    """
    return _FILE.read(path)
