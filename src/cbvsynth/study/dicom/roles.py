"""What a person says that single series are: dicom-roles.csv of a data root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.sequences import Sequence, TargetUnit
from cbvsynth.errors import ManifestError, ResultError
from cbvsynth.records.csv_codec import read_named

ROLES_TABLE = "dicom-roles.csv"
_ROLES = (*(sequence.value for sequence in Sequence), "cbv", "")
_UNITS = (*TargetUnit, "")


@dataclass(frozen=True)
class Stated:
    """A role, empty to leave the series out; for CBV its unit, empty where the tags state one."""

    role: str
    unit: str = ""


def read_roles(root: Path) -> dict[str, Mapping[int, Stated]]:
    """Stated roles by exam_id and series number; nothing where there is no table.

    Raises:
        ManifestError: the table cannot be read, or a row of it cannot be.
    """
    path = root / ROLES_TABLE
    if not path.exists():
        return {}
    expected = "exam_id, series (a number), role and, for CBV, unit"
    try:
        rows = read_named(path, ("exam_id", "series", "role"), f"expected the columns {expected}")
    except ResultError as error:
        raise ManifestError(str(error).replace(str(path), path.name)) from error
    found: dict[str, dict[int, Stated]] = defaultdict(dict)
    for number, row in rows:
        series, role, unit = row["series"], row["role"].lower(), row.get("unit", "")
        if not series.isdecimal() or role not in _ROLES or unit not in _UNITS:
            raise ManifestError(
                f"{ROLES_TABLE}, row {number}: series '{series[:20]}', role '{role[:20]}', unit "
                f"'{unit[:20]}'; "
                f"expected {expected}: role {', '.join(filter(None, _ROLES))}, or empty to leave the "
                "series out; "
                f"unit {' or '.join(TargetUnit)} or empty."
            )
        found[row["exam_id"]][int(series)] = Stated(role, unit)
    return dict(found)
