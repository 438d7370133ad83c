"""`cbvsynth predict` in this process, and a server for it."""

from __future__ import annotations

from typing import Any

from cbvsynth.commands.predict import predict
from cbvsynth.domain.sequences import Combination
from cbvsynth.entrypoint import run_function
from cbvsynth.records.selection import pattern_label
from tests.client.prediction_server import ALL, PredictionServer, describe


def server(*, interval_level: float = 0.0, **changes: Any) -> PredictionServer:
    """With an interval's level, both versions say how sure they are."""
    spread = {"interval_level": interval_level}
    versions = {7: describe("encdec-t1-t1c", **spread), 3: describe("fcgan-t1", **spread)}
    patterns = {ALL.slug: 7, "t1-t1c": 7, "t1": 3, "t1-t2": 3}
    labels = {pattern_label(Combination.parse(slug)): number for slug, number in patterns.items()}
    return PredictionServer(versions, {"stable": 7, **labels}, **changes)


def run(*arguments: object) -> int:
    return run_function(predict, [str(one) for one in arguments], "cbvsynth predict")
