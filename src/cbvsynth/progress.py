"""How far long work has come: a bar on a terminal, in a file or a log a line now and then."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30.0
"""Shorter work writes no line at all. Chosen here: somebody who follows a log sees that it moves."""


def progress_bar(
    items: Iterable[Any] | None = None, *, desc: str, unit: str, total: int | None = None
) -> tqdm[Any]:
    """A bar over items, or to be updated by hand; TQDM_DISABLE=1 in the environment silences it."""
    if sys.stderr.isatty():
        return tqdm(items, desc=desc, unit=unit, total=total)
    return tqdm(
        items,
        desc=desc,
        unit=unit,
        total=total,
        file=_Lines(),
        delay=SECONDS_BETWEEN_LINES,
        mininterval=SECONDS_BETWEEN_LINES,
        maxinterval=2 * SECONDS_BETWEEN_LINES,
        miniters=1,
        bar_format="{desc}: {n_fmt} of {total_fmt}, {elapsed} so far, {remaining} to go{postfix}",
    )


class _Lines(io.TextIOBase):
    """Standard error, to which a redrawn bar is written as a line of its own."""

    def write(self, text: str) -> int:
        line = text.strip("\r\n ")
        if line:
            sys.stderr.write(line + "\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()
