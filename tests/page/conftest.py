"""One running page for the tests of a file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cbvsynth.page.viewer import PACKAGE, PACKAGE_FILE, read_viewer
from tests.client.heads import write_head
from tests.page.running import Running, Visitor, running
from tests.tools import require_tool

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page")) as started:
        yield started


@pytest.fixture(scope="session")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """As `make page` has brought it; else as npm brings it."""
    brought = ROOT / "artifacts/page" / PACKAGE_FILE
    if not brought.exists():
        npm, folder = require_tool("npm"), tmp_path_factory.mktemp("npm")
        command = [npm, "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        brought = folder / PACKAGE_FILE
    return read_viewer(brought)


@pytest.fixture
def visitor(page: Running) -> Visitor:
    return page.visitor()


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of one examination, by a name that each might have."""
    found = write_head(tmp_path_factory.mktemp("head"), "t1 t2 t1c flair adc")
    return {Path(path).name: Path(path) for path in found.values()}
