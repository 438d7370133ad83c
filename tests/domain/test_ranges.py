"""Numbers that people set lie within limits, both included."""

from __future__ import annotations

import pytest

from cbvsynth.domain.ranges import MAX_PORT, per_cent_hint, require_range
from cbvsynth.errors import UsageError


@pytest.mark.parametrize("found", [1, 8500, MAX_PORT])
def test_a_number_within_its_limits_passes(found: int) -> None:
    require_range("port", found, 1, MAX_PORT)


@pytest.mark.parametrize("found", [0, MAX_PORT + 1, float("nan"), float("inf"), float("-inf")])
def test_a_number_beyond_is_named_with_its_limits(found: float) -> None:
    with pytest.raises(UsageError, match=rf"port is {found}; expected 1 to 65535\. Change the flag\."):
        require_range("port", found, 1, MAX_PORT)


@pytest.mark.parametrize(
    ("found", "high", "hint"),
    [
        (94, 1, " (94 looks like per cent: as a share it is 0.94)"),
        (5, 0.5, " (5 looks like per cent: as a share it is 0.05)"),
        (100, 1 + 1e-6, " (100 looks like per cent: as a share it is 1)"),
        (101, 1, ""),
        (1, 1, ""),
        (94, 10, ""),
        (float("nan"), 1, ""),
        (-94, 1, ""),
    ],
)
def test_what_looks_like_per_cent_is_named(found: float, high: float, hint: str) -> None:
    assert per_cent_hint(found, high) == hint


def test_a_flag_in_per_cent_is_told_the_share() -> None:
    with pytest.raises(
        UsageError, match=r"share is 25; expected 0 to 1 \(25 looks like per cent: as a share"
    ):
        require_range("share", 25, 0, 1)
