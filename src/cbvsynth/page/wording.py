"""Messages as a visitor of the page reads them: without what only a command line can do."""

from __future__ import annotations

import re

_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_CLAUSES = re.compile(r"((?:; |, or |, and ))")
_TYPED = re.compile(r"--\w|\bcbvsynth [a-z]|_command\b")


def for_a_visitor(message: str) -> str:
    """The message without the clauses that name a flag or a command; as it is where nothing would be left."""
    kept = [sentence for one in _SENTENCES.split(message) if (sentence := _without_typed(one))]
    return " ".join(kept) or message


def _without_typed(sentence: str) -> str:
    if not _TYPED.search(sentence):
        return sentence
    first, *rest = _CLAUSES.split(sentence)
    if _TYPED.search(first):
        return ""
    found = first
    for link, clause in zip(rest[::2], rest[1::2], strict=True):
        if _TYPED.search(clause):
            break  # what follows hangs on it
        found += link + clause
    return found if found.endswith((".", "!", "?")) or not sentence.endswith(".") else f"{found}."
