"""Ages, field strengths and flags as people write them: the certain part is taken, and told."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

MAX_AGE_YEARS = 120.0
ADULT_YEARS = 18.0
"""Age below which a limit such as <18 says what matters: the examination is not of an adult."""
MAX_FIELD_T = 25.0
"""No human scanner comes near; a field in kilogauss or megahertz is noticed. Our choice."""

YEARS_IN = {"year": 1.0, "y": 1.0, "month": 1 / 12, "m": 1 / 12, "week": 7 / 365.25, "w": 7 / 365.25}
YEARS_IN |= {"day": 1 / 365.25, "d": 1 / 365.25}
_UNKNOWN = frozenset(
    {
        "",
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "-",
        "--",
        "?",
        "x",
        "xx",
        "xxx",
        "unknown",
        "unk",
        "missing",
        ".",
    }
)
_FLAGS = {
    "0": False,
    "0.0": False,
    "false": False,
    "no": False,
    "1": True,
    "1.0": True,
    "true": True,
    "yes": True,
}
# In a column of flags an x may well be a mark.
_NO_FLAG = _UNKNOWN - {"?", "x", "xx", "xxx"}
_NUMBER = r"(\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)"
_AGE = re.compile(
    rf"(?P<more>>=?|≥|over )?\s*{_NUMBER}\s*(?P<unit>years?|yrs?|y|months?|m|weeks?|w|days?|d)?"
    r"\s*\+?(?:\s*(?:old|and over|or older))?"
)
_RANGE = re.compile(rf"{_NUMBER}\s*(?:-|–|to)\s*{_NUMBER}\s*(?:years?|yrs?|y)?")
_BELOW = re.compile(
    r"(?:<(?P<equal>=)?|(?P<equal_sign>≤)|under |below |younger than )\s*(?P<limit>\d+(?:[.,]\d+)?)\s*"
    r"(?P<unit>years?|yrs?|y|months?|m|weeks?|w|days?|d)?"
)
_FIELD = re.compile(rf"{_NUMBER}\s*(?:t|tesla)?")


@dataclass(frozen=True)
class Reading:
    """A number, None where it is not known; `doubt` says what was made of the text, empty if it is plain.

    A text that is no number, or one too large, is not quoted: it may be a name, or a date of birth.
    """

    value: float | None
    doubt: str = ""


def is_unknown(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return _bare(text) in _UNKNOWN


def age_years(text: str, years_in_one: float = 1.0) -> Reading:
    """An age: a plain number, one with a unit (`045Y`), or the lower end of what is known (`35-40`, `>89`).

    Of `<18` it is the age of a minor, since that is what is certain.

    Args:
        text: the cell.
        years_in_one: years in the unit of its column, for numbers that state none themselves.
    """
    if is_unknown(text):
        return Reading(None)
    words = _bare(text)
    span = _RANGE.fullmatch(words)
    if span:
        years = _number(span[1]) * years_in_one
        return _within(text, years, MAX_AGE_YEARS, f"a range, taken as {years:g}")
    match = _AGE.fullmatch(words)
    if match is None:
        return _below(text, words, years_in_one)
    unit = match["unit"] or ""
    years = _number(match[2]) * (YEARS_IN[unit[:1]] if unit else years_in_one)
    # BIDS writes ages above 89 as 89+, so that this is no doubt.
    return _within(text, years, MAX_AGE_YEARS, f"a limit, taken as {years:g}" if match["more"] else "")


def _below(text: str, words: str, years_in_one: float) -> Reading:
    """An upper limit: below an adult's age it is certain that it is no adult's; above, nothing is."""
    match = _BELOW.fullmatch(words)
    if match is None:
        return Reading(None, "no age; taken as unknown")
    unit = match["unit"] or ""
    limit = _number(match["limit"]) * (YEARS_IN[unit[:1]] if unit else years_in_one)
    if not limit <= ADULT_YEARS:
        return Reading(None, f"'{_shown(text)}' may be any age below; taken as unknown")
    years = limit if match["equal"] or match["equal_sign"] or limit < 1.0 else limit - 1.0
    return Reading(years, f"'{_shown(text)}' is a limit, taken as {years:g}")


def field_tesla(text: str) -> Reading:
    """A field strength in tesla, with or without the unit."""
    if is_unknown(text):
        return Reading(None)
    match = _FIELD.fullmatch(_bare(text))
    if match is None:
        return Reading(None, "no number of tesla; taken as unknown")
    return _within(text, _number(match[1]), MAX_FIELD_T, "")


def flag(text: str) -> bool | None:
    """Whether a reader's flag is set, which it is not where nothing is known; None where the text is none."""
    return False if _bare(text) in _NO_FLAG else _FLAGS.get(_bare(text))


def _within(text: str, value: float, high: float, doubt: str) -> Reading:
    if math.isnan(value):
        return Reading(None)
    if value > high:
        return Reading(None, f"more than {high:g}; taken as unknown")
    return Reading(value, f"'{_shown(text)}' is {doubt}" if doubt else "")


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _bare(text: str) -> str:
    return text.strip().strip("\"'").strip().lower()


def _shown(text: str) -> str:
    return text.strip()[:20]
