"""What some tests need beside Python: asked for in one place, and never silently done without."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

import pytest


def require_tool(name: str) -> str:
    """The path of a program; skips the test where it is missing, and fails it in continuous integration."""
    found = shutil.which(name)
    if found is not None:
        return found
    reason = f"'{name}' is not installed; this test needs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


REAL_CASE = "CBVSYNTH_REAL_CASE"


def real_case() -> Path:
    """The folder of a real examination: t1, t2, t1c, flair and mask_of_t1c, .nii.gz each.

    Skips the test aloud where `CBVSYNTH_REAL_CASE` names none; a name that leads nowhere is a failure.
    """
    named = os.environ.get(REAL_CASE, "")
    if not named:
        reason = f"{REAL_CASE} names no folder with a real examination: this test did not run"
        warnings.warn(reason, stacklevel=2)
        pytest.skip(reason)
    folder = Path(named)
    missing = [
        name
        for name in ("t1", "t2", "t1c", "flair", "mask_of_t1c")
        if not (folder / f"{name}.nii.gz").is_file()
    ]
    if missing:
        pytest.fail(f"{REAL_CASE} names a folder without {', '.join(missing)}")
    return folder
