"""What validate measured and decided, ready for pages; all of it may be missing."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.errors import ResultError
from cbvsynth.quality.checks import RangeCheck, measurement_checks, shown
from cbvsynth.quality.limits import Limits
from cbvsynth.records.decisions import Decision, read_decisions


@dataclass(frozen=True)
class StudyChecks:
    """Decisions and measurements by examination; empty where validate's folder is not there."""

    decisions: Mapping[str, Decision]
    measurements: Mapping[str, Mapping[str, float]]
    ranges: tuple[RangeCheck, ...]

    def decision(self, exam_id: str) -> str:
        """What validate decided, in words."""
        found = self.decisions.get(exam_id)
        if found is None:
            return "Validate's decision is not at hand."
        return "Accepted by validate." if found.accepted else f"Dropped: {'; '.join(found.reasons)}."

    def rows(self, exam_id: str) -> list[tuple[str, str, str, str]]:
        """Check, value, what is expected, and whether it is so."""
        values = self.measurements.get(exam_id, {})
        rows = []
        for check in self.ranges:
            value = values.get(check.column, math.nan)
            judged = not math.isnan(value)
            flag = "not judged" if not judged else "flagged" if _fails(check, value) else "passed"
            rows.append((check.title, shown(value) if judged else "–", check.interval, flag))
        return rows if values else []

    def flags(self, exam_id: str) -> int:
        """How many checks an examination fails."""
        values = self.measurements.get(exam_id, {})
        return sum(_fails(check, values.get(check.column, math.nan)) for check in self.ranges)

    def reasons(self) -> list[tuple[str, int]]:
        """Why examinations were dropped: heading and number, the most frequent first."""
        headings = [found.reasons[0].split(":")[0] for found in self.decisions.values() if not found.accepted]
        return Counter(headings).most_common()


def read_checks(validate: Path) -> StudyChecks:
    """Read validate's folder; an absent one gives no checks.

    Raises:
        ResultError: a file of it is damaged.
    """
    if not (validate / "examinations.csv").is_file():
        return StudyChecks({}, {}, ())
    decisions = {found.exam_id: found for found in read_decisions(validate / "examinations.csv")}
    try:
        limits = Limits(**json.loads((validate / "summary.json").read_text(encoding="utf-8"))["limits"])
        with (validate / "measurements.csv").open(encoding="utf-8", newline="") as source:
            measurements = {row["exam_id"]: _numbers(row) for row in csv.DictReader(source)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"{validate.name} is not what validate writes ({error!r}); run validate again."
        ) from error
    return StudyChecks(decisions, measurements, measurement_checks(limits))


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if name != "exam_id" and value}


def _fails(check: RangeCheck, value: float) -> bool:
    """Whether a value lies outside; one that could not be judged does not."""
    if math.isnan(value):
        return False
    low = -math.inf if check.minimum is None else check.minimum
    high = math.inf if check.maximum is None else check.maximum
    return not (low < value < high if check.strict else low <= value <= high)
