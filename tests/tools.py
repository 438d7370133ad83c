"""Programs that some tests need: asked for in one place, and never silently done without."""

from __future__ import annotations

import os
import shutil

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
