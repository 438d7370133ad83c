"""Programs that some tests need and that no Python package brings."""

from __future__ import annotations

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """The path of a program. Where it is missing the test is skipped aloud, and fails when CI is set."""
    found = shutil.which(name)
    if found is not None:
        return found
    message = f"'{name}' is not installed; this test cannot say anything without it. See CONTRIBUTING.md."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
