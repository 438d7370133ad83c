"""What sync can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.sync.options import SyncOptions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"once": 0}, "either --once or --watch"),
        ({"watch": 1}, "either --once or --watch"),
        ({"keep": -1}, "keep is -1"),
        ({"interval_s": 0.0}, "interval_s is 0"),
        ({"wait_s": 0.0}, "wait_s is 0"),
        ({"status_port": 65536}, "status_port is 65536"),
    ],
)
def test_flags_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SyncOptions(**({"once": 1} | changes))
