"""Where a map and its record go, checked before the work: is the place free, and is it writable?"""

from __future__ import annotations

import os
from pathlib import Path

from cbvsynth.errors import StorageError, UsageError


def sidecar_of(path: Path) -> Path:
    """Where the record of a map lies: cbv.json beside cbv.nii.gz.

    Raises:
        UsageError: the map's name is not one of NIfTI.
    """
    for end in (".nii.gz", ".nii"):
        if path.name.endswith(end) and path.name != end:
            return path.with_name(path.name.removesuffix(end) + ".json")
    raise UsageError(f"'{path.name}' is not a NIfTI name; expected one that ends in .nii.gz or .nii.")


def require_free(path: Path, flag: str = "--out") -> None:
    """Refuse to write over a file.

    Raises:
        UsageError: it is there.
    """
    if path.exists():
        raise UsageError(
            f"'{path.name}' exists and is not written over. Give another {flag}, or --overwrite on."
        )


def require_writable(path: Path) -> None:
    """Check that a file can be created, with the folders above it where they do not exist yet.

    Raises:
        StorageError: it is a folder, or the folder that would hold it does not take it.
    """
    if path.is_dir():
        raise StorageError(
            f"'{path.name}' is a folder; expected a file or nothing there. Choose another name."
        )
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        state = "cannot be written to" if folder.is_dir() else "is a file"
        raise StorageError(
            f"'{path.name}' cannot be made: '{folder.name}' {state}; expected a folder of yours. Choose "
            "another place, or change its permissions."
        )
