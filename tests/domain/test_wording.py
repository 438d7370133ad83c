"""A count and its noun agree."""

from __future__ import annotations

import pytest

from cbvsynth.domain.wording import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 maps"), (1, "1 map"), (2, "2 maps"), (1000, "1000 maps")]
)
def test_one_is_singular_and_every_other_number_is_not(count: int, words: str) -> None:
    """'1 maps', '1 models serve' and '1 patients' were printed by five commands."""
    assert counted(count, "map") == words
