"""One running page for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.heads import write_head
from tests.page.running import Running, Visitor, running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("page")) as started:
        yield started


@pytest.fixture
def visitor(page: Running) -> Visitor:
    return page.visitor()


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of one examination, by a name that each might have."""
    found = write_head(tmp_path_factory.mktemp("head"), "t1 t2 t1c flair adc")
    return {Path(path).name: Path(path) for path in found.values()}
