"""A training that several models share is done by one process; the others wait and find it finished."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK_FILE = "training.lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder of checkpoints; whoever asks meanwhile waits. A holder that is killed lets go.

    On a file system without locks nobody waits: each trains, and the last one's checkpoint stays, which has
    the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
