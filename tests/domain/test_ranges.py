"""Numbers that people set lie within limits, both included."""

from __future__ import annotations

import pytest

from cbvsynth.domain.ranges import MAX_PORT, require_range
from cbvsynth.errors import UsageError


@pytest.mark.parametrize("found", [1, 8500, MAX_PORT])
def test_a_number_within_its_limits_passes(found: int) -> None:
    require_range("port", found, 1, MAX_PORT)


@pytest.mark.parametrize("found", [0, MAX_PORT + 1, float("nan"), float("inf"), float("-inf")])
def test_a_number_beyond_is_named_with_its_limits(found: float) -> None:
    with pytest.raises(UsageError, match=rf"port is {found}; expected 1 to 65535\. Change the flag\."):
        require_range("port", found, 1, MAX_PORT)
