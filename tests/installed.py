"""A .venv that `make setup` takes for one that it has just made."""

from __future__ import annotations

import sys
from pathlib import Path


def pretend_installed(checkout: Path) -> None:
    """Put .venv into a checkout: links into the tests' environment, newer than the lock files."""
    folder = checkout / ".venv"
    folder.mkdir(parents=True)
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / name).symlink_to(Path(sys.prefix) / name)
    (folder / ".installed").touch()
