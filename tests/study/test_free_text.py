"""What people write as an age or a field strength is taken as far as it is certain."""

from __future__ import annotations

import math

import pytest

from cbvsynth.study.free_text import age_years, field_tesla


@pytest.mark.parametrize(
    ("text", "age", "doubt"),
    [
        ("61", 61, ""),
        ("61.5", 61.5, ""),
        ("45,5", 45.5, ""),
        ('"61"', 61, ""),
        ("89+", 89, ""),
        (">89", 89, "a limit, taken as 89"),
        (">= 89", 89, "a limit, taken as 89"),
        ("35-40", 35, "a range, taken as 35"),
        ("18 – 38", 18, "a range, taken as 18"),
        ("045Y", 45, ""),
        ("018M", 1.5, ""),
        ("26 weeks", 26 * 7 / 365.25, ""),
        ("400 days", 400 / 365.25, ""),
        ("61 years old", 61, ""),
        ("n/a", None, ""),
        ("XX", None, ""),
        ("-", None, ""),
        ("unknown", None, ""),
        ("", None, ""),
        ("<18", 17, "a limit, taken as 17"),
        ("<= 17", 17, "a limit, taken as 17"),
        ("under 18", 17, "a limit, taken as 17"),
        ("< 6 months", 0.5, "a limit, taken as 0.5"),
        ("<90", None, "may be any age below; taken as unknown"),
        ("<x", None, "no age; taken as unknown"),
        ("-3", None, "no age; taken as unknown"),
        ("sixty", None, "no age; taken as unknown"),
        ("780", None, "more than 120"),
        ("inf", None, "no age; taken as unknown"),
    ],
)
def test_the_certain_part_of_an_age_is_taken(text: str, age: float | None, doubt: str) -> None:
    """Each but the plain numbers used to stop the listing of the whole study."""
    reading = age_years(text)
    assert reading.value == (None if age is None else pytest.approx(age))
    assert doubt in reading.doubt
    assert bool(doubt) is bool(reading.doubt)


@pytest.mark.parametrize("text", ["Meier Anna", "Meier 1950", "19500101", "1950-01-01"])
def test_what_is_no_age_is_not_quoted(text: str) -> None:
    """A cell with a name was, in the study whose folders are called by keyed hashes for their names, too."""
    for reading in (age_years(text), field_tesla(text)):
        assert reading.value is None
        assert not set(text.split()) & set(reading.doubt.replace("'", " ").split())


def test_a_unit_in_the_cell_precedes_that_of_the_column() -> None:
    assert age_years("732", 1 / 12).value == pytest.approx(61)
    assert age_years("61y", 1 / 12).value == 61
    assert age_years("61", math.nan).value is None


@pytest.mark.parametrize(
    ("text", "tesla", "doubt"),
    [
        ("3", 3, ""),
        ("1,5", 1.5, ""),
        ("3T", 3, ""),
        ("3.0 Tesla", 3, ""),
        ("n/a", None, ""),
        ("30000", None, "more than 25"),
        ("high", None, "no number of tesla"),
    ],
)
def test_a_field_strength_may_name_its_unit(text: str, tesla: float | None, doubt: str) -> None:
    reading = field_tesla(text)
    assert (reading.value, doubt in reading.doubt) == (tesla, True)
    assert bool(doubt) is bool(reading.doubt)
