"""A registry with a champion, and one sync of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome
from cbvsynth.records.selection import read_selection
from cbvsynth.registry.champion import present_champion
from cbvsynth.steps.promote import run as promote
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.watch import run
from tests.registry.trained_models import decide, train

MODELS = Path("models")


def crown(model: str, ssim: float, by_availability: dict[str, str] | None = None) -> None:
    train(model, ssim)
    present = present_champion("cbvsynth")
    against = None if present is None else (present.version, present.model, present.digest)
    decide(model, Outcome.PROMOTE, against, by_availability)
    promote(PromoteConfig())


def sync(**changes: Any) -> None:
    run(SyncOptions(**({"once": 1, "base_path": MODELS, "interval_s": 0.01} | changes)))


def labels() -> dict[str, int]:
    return dict(read_selection(MODELS / "selection.json").labels)


@pytest.fixture
def promoted(empty_registry: None) -> None:
    """Version 1 is encdec-t1c, version 2 is encdec-t1-t1c and champion."""
    crown("encdec-t1c", 0.8)
    crown("encdec-t1-t1c", 0.85, {"t1-t1c": "encdec-t1-t1c", "t1c": "encdec-t1c"})
