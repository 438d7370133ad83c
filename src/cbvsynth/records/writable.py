"""Whether a file can be written, asked before the work whose result it shall hold."""

from __future__ import annotations

import os
from pathlib import Path

from cbvsynth.errors import StorageError


def require_writable(path: Path) -> None:
    """Check that a file can be created, with the folders above it where they do not exist yet.

    Raises:
        StorageError: it is a folder, or the folder that would hold it does not take it.
    """
    if path.is_dir():
        raise StorageError(f"'{path}' is a folder; expected a file or nothing there. Choose another name.")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        state = "cannot be written to" if folder.is_dir() else "is a file"
        raise StorageError(
            f"'{path}' cannot be made: '{folder}' {state}; expected a folder of yours. Choose "
            "another place, or change its permissions."
        )
