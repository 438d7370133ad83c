"""The origin of the data, in words."""

from __future__ import annotations

import pytest

from cbvsynth.records.origins import BY_PHANTOM, BY_USER, NOT_RECORDED, Origin


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (Origin(BY_PHANTOM, 7, "abc"), "digital phantom, seed 7, digest abc"),
        (Origin(BY_USER), "a study of the user's"),
        (NOT_RECORDED, "not recorded"),
    ],
)
def test_an_origin_is_said_in_words_and_an_unknown_one_is_said_to_be_unknown(
    origin: Origin, words: str
) -> None:
    assert origin.words == words
