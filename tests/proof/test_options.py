"""What the proofs can be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.proof.options import SkewOptions


@pytest.mark.parametrize(
    ("changes", "words"), [({"examinations": -1}, "examinations is -1"), ({"wait_s": 0.0}, "wait_s is 0")]
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SkewOptions(**changes)
