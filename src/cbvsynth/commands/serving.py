"""`cbvsynth serving ...`: from the registry to a prediction server, and whether what it serves is right."""

from __future__ import annotations

from typing import Annotated

import tyro

from cbvsynth.proof.options import DemoOptions, SkewOptions
from cbvsynth.sync.options import SyncOptions

_FLAT = tyro.conf.arg(name="")


def sync(options: Annotated[SyncOptions, _FLAT]) -> None:
    """Follow the model registry: keep the folder that a prediction server reads as the aliases say."""
    from cbvsynth.sync.watch import run

    run(options)


def demo(options: Annotated[DemoOptions, _FLAT]) -> None:
    """Serve what a run has promoted, and ask for one held-out examination's map to prove it."""
    from cbvsynth.proof.demo import run

    run(options)


def skew(options: Annotated[SkewOptions, _FLAT]) -> None:
    """Ask every trained model, over gRPC, for the maps that it was scored on, and compare."""
    from cbvsynth.proof.skew import run

    run(options)
