"""Single values of DICOM datasets, with nothing taken on trust: what cannot be read is missing."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cbvsynth.study.dicom.tags import Vector

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_BETWEEN_WORDS = re.compile(r"[\s_\-.^/\\|,;:()\[\]]+")


def acquired_seconds(dataset: Dataset) -> float:
    """When it was acquired, seconds on a scale that all files of a study share; NaN where unknown."""
    for date_time in texts(dataset, "AcquisitionDateTime"):
        found = _moment(date_time[:8], date_time[8:])
        if math.isfinite(found):
            return found
    for name in ("Acquisition", "Series", "Content"):
        date = text(dataset, f"{name}Date") or text(dataset, "StudyDate")
        found = _moment(date, text(dataset, f"{name}Time"))
        if math.isfinite(found):
            return found
    return math.nan


def _moment(date: str, time: str) -> float:
    digits = time.strip().replace(":", "")
    if not re.fullmatch(r"\d{6}(?:\.\d*)?.*", digits):
        return math.nan
    try:
        day = dt.date(int(date[:4]), int(date[4:6]), int(date[6:8])).toordinal() if date else 0
    except ValueError:
        day = 0
    fraction = re.match(r"\d{6}(\.\d+)?", digits)
    part = float(fraction[1]) if fraction and fraction[1] else 0.0
    return day * 86400.0 + int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:6]) + part


def functional_group(dataset: Dataset, name: str) -> Dataset | None:
    """The first item of a functional group, of all frames or else of the first frame."""
    for holder in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for groups in (dataset.get(holder) or ())[:1]:
            found = groups.get(name)
            if found:
                return found[0]  # type: ignore[no-any-return]  # pydicom's items are datasets
    return None


def plain_words(text: str) -> str:
    """Lower case, with single spaces for the signs between words; a plus stays, as it means contrast."""
    return _BETWEEN_WORDS.sub(" ", text).strip().lower()


def _value(part: Dataset | None, name: str) -> Any:  # noqa: ANN401  # whatever a tag may hold
    if part is None:
        return None
    try:
        return part.get(name)
    except (ValueError, TypeError, UnicodeError, NotImplementedError):
        return None


def texts(part: Dataset | None, name: str) -> list[str]:
    """Values of a tag as text, without empty ones; none where it is missing or cannot be read."""
    value = _value(part, name)
    if value is None:
        return []
    values: Iterable[Any] = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
    return [str(one).strip() for one in values if str(one).strip()]


def text(part: Dataset | None, name: str) -> str:
    """The values of a tag as one text."""
    return " ".join(texts(part, name))


def numbers(part: Dataset | None, name: str) -> list[float]:
    """Values of a tag as numbers; none where one of them is no number."""
    try:
        return [float(text) for text in texts(part, name)]
    except ValueError:
        return []


def number(part: Dataset | None, name: str) -> float:
    """The first number of a tag, NaN where there is none."""
    return next(iter(numbers(part, name)), math.nan)


def integer(part: Dataset | None, name: str, default: int = 0) -> int:
    """The first number of a tag as a whole one."""
    value = number(part, name)
    return int(value) if math.isfinite(value) else default


def first_finite(*values: float) -> float:
    """The first number that is one; NaN without any."""
    return next((value for value in values if math.isfinite(value)), math.nan)


def vector(values: list[float]) -> Vector | None:
    """Three finite numbers as a vector."""
    if len(values) != 3 or not all(map(math.isfinite, values)):
        return None
    return values[0], values[1], values[2]


def private_number(dataset: Dataset, place: tuple[int, int]) -> float:
    """A number of a private tag; NaN where it is missing or stored as unknown bytes."""
    element = dataset.get(place)
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace").strip("\0 ").split("\\")
    if isinstance(value, (list, tuple)) or (isinstance(value, Iterable) and not isinstance(value, str)):
        value = next(iter(value), None)
    try:
        return float(str(value))
    except ValueError:
        return math.nan
