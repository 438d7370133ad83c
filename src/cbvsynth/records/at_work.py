"""One process at a time at work in a folder; the others wait, and say for whom."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK_FILE = ".at-work"
"""Holds the number of the process; the system lets go of it when the process ends, however it does."""


@contextmanager
def alone_in(folder: Path, work: str) -> Iterator[None]:
    """Within the block no other process is in this function's block for the same folder.

    A disk that knows no locks, as some network disks, keeps nobody out.

    Args:
        folder: Made where it is missing.
        work: What is done there, for those who wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("a+", encoding="utf-8") as lock:
        with suppress(OSError):  # where there are no locks
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                other = lock.read().strip() or "unknown"
                print(f"waiting for process {other}, which is at {work} in {folder}", file=sys.stderr)
                fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
