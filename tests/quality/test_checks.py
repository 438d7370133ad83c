"""The catalogue of checks: limits in words, reasons that people can act on."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cbvsynth.quality.checks import Group, RangeCheck, age_check, measurement_checks, shown
from cbvsynth.quality.limits import Limits


def check(minimum: float | None, maximum: float | None, unit: str = "", *, strict: bool = True) -> RangeCheck:
    return RangeCheck("slices", "number of slices", Group.POOR_STANDARD, unit, minimum, maximum, strict)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (check(0.95, None), "above 0.95"),
        (check(0.95, None, strict=False), "at least 0.95"),
        (check(None, 2000, "mL"), "below 2000 mL"),
        (check(None, 0, strict=False), "at most 0"),
        (check(500, 1500, "1e-6 mm2/s"), "500 to 1500 1e-6 mm2/s"),
    ],
)
def test_limits_are_said_in_words(found: RangeCheck, words: str) -> None:
    assert found.interval == words


def test_a_reason_says_heading_found_and_expected() -> None:
    reason = check(7, None, strict=False).reason(5.0)
    assert reason == "poor standard MRI: number of slices is 5, expected at least 7"


def test_every_limit_of_the_file_is_used_by_a_check_and_every_check_has_its_own_column() -> None:
    usual, checks = Limits(), measurement_checks(Limits())
    assert len({one.column for one in checks}) == len(checks)
    for field in fields(Limits):
        changed = Limits(**{field.name: getattr(usual, field.name) + 0.125})
        other = (*measurement_checks(changed), age_check(changed))
        if other == (*checks, age_check(usual)):
            assert field.name in LIMITS_OF_THE_TABLE, field.name


LIMITS_OF_THE_TABLE = {"held_out_share", "held_out_share_tolerance"}
"""Limits of the study as a whole, which no examination's number is held to."""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.123456, "0.1235"), (1500.4, "1500"), (23456.7, "23457"), (2e12, "2e+12")],
)
def test_numbers_are_short_and_without_an_exponent_where_that_reads_well(value: float, text: str) -> None:
    assert shown(value) == text
