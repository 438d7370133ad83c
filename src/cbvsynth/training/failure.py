"""A failed run says so in the ledger, whichever phase it failed in. No TensorFlow here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cbvsynth.errors import CbvsynthError, ResultError
from cbvsynth.records.ledger import RunState, RunStatus, read_state, write_state


@contextmanager
def failure_noted(folder: Path, model: str, epochs: int) -> Iterator[None]:
    """Write `failed` and the message into the run's ledger entry when one of our errors leaves the block.

    Args:
        folder: the run's checkpoint folder.
        model: id of the model.
        epochs: epochs asked for.
    """
    try:
        yield
    except CbvsynthError as error:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        state = replace(
            _last_state(folder) or _unstarted(model, epochs, moment),
            status=RunStatus.FAILED,
            message=str(error),
            updated=moment,
            pid=os.getpid(),
        )
        write_state(folder, state)
        raise


def _last_state(folder: Path) -> RunState | None:
    try:
        return read_state(folder)
    except ResultError:  # damaged: the failure to be noted is news, what stood there is lost
        return None


def _unstarted(model: str, epochs: int, moment: str) -> RunState:
    return RunState(
        model=model,
        status=RunStatus.FAILED,
        epoch=0,
        epochs=epochs,
        seconds=0.0,
        started=moment,
        updated=moment,
        pid=os.getpid(),
        restarts=0,
        message="",
        fingerprint="",
    )
