"""One prediction server for the tests of a file, and a node that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.client import CbvClient
from cbvsynth.domain.sequences import Combination
from cbvsynth.records.selection import pattern_label
from tests.client.prediction_server import PredictionServer, describe, serve
from tests.node.parts import Node, synthesis_of


@pytest.fixture(scope="module")
def models() -> Iterator[PredictionServer]:
    """One version, of T1 and T1C; it is the best where T2 is there, too."""
    patterns = (Combination.parse(slug) for slug in ("t1-t1c", "t1-t2-t1c"))
    labels = {"stable": 7, **{pattern_label(pattern): 7 for pattern in patterns}}
    with serve(PredictionServer({7: describe("encdec-t1-t1c")}, labels)) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path, models: PredictionServer) -> Iterator[Callable[..., Node]]:
    """Starts a node in the test's folder; again after `kill`."""
    started: list[Node] = []
    with CbvClient(models.address, timeout_s=5.0, attempts=1) as client:

        def begin(**more: Any) -> Node:
            started.append(Node(tmp_path / "node", more, synthesis_of(client)))
            return started[-1]

        yield begin
    for node in started:
        node.kill()
