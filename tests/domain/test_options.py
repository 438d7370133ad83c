"""Closed lists of words, safe on a command line, in YAML and in Kubeflow."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from cbvsynth.domain import options

LISTS = [kind for kind in vars(options).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]


@pytest.mark.parametrize("words", [kind for kind in LISTS if kind is not StrEnum])
def test_words_are_plain_different_and_explained(words: type[StrEnum]) -> None:
    assert words.__doc__
    assert len({word.value for word in words}) == len(words) >= 2
    for word in words:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", word.value), word
        assert str(word) == word.value
