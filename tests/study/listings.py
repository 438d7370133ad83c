"""How often a folder is listed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_heard: list[list[Path]] = []
"""A list for each block that listens, in which the folders come to lie."""


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _heard and event in ("os.listdir", "os.scandir"):
        for heard in _heard:
            heard.append(Path(str(arguments[0])))


sys.addaudithook(_hear)  # for good: Python has no way to take one away


@contextmanager
def listed() -> Iterator[list[Path]]:
    """The folders that are listed in the block, each as often as it is."""
    heard: list[Path] = []
    _heard.append(heard)
    try:
        yield heard
    finally:
        _heard.remove(heard)
