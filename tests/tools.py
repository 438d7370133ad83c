"""Programs that some tests need and that no Python package brings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def require_tool(name: str) -> str:
    """The path of a program. Where it is missing the test is skipped aloud, and fails when CI is set."""
    found = shutil.which(name)
    if found is None:
        _missing(name)
    return found


def require_postgres() -> Path:
    """The folder of PostgreSQL's own programs, which Debian keeps off the search path; else as above."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(_DEBIAN_POSTGRES.glob("*/bin/initdb"))
    if not folders:
        _missing("initdb, of PostgreSQL")
    return folders[-1].parent


def _missing(name: str) -> NoReturn:
    message = f"'{name}' is not installed; this test cannot say anything without it. See CONTRIBUTING.md."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
