"""What a training run says about itself while it runs: <checkpoints>/<model>/state.json.

A sweep reads these to know which of its models are done, running, failed or left behind, and what
each cost. Nothing here imports TensorFlow.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cbvsynth.records.json_codec import JsonFile

STATE_FILE = "state.json"


class RunStatus(StrEnum):
    """The state a run last reported. A run that was killed still says `running`: see `is_interrupted`."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """Told to stop; the checkpoint holds all that was done."""


@dataclass(frozen=True)
class RunState:
    """State of one model's training. `done` means trained; export and scores follow in the step train."""

    model: str
    status: RunStatus
    epoch: int
    """Epochs finished."""
    epochs: int
    """Epochs asked for."""
    seconds: float
    """Time spent training, over all restarts and resumptions."""
    started: str
    """When the first attempt began, ISO 8601, UTC."""
    updated: str
    """When this was written, ISO 8601, UTC."""
    pid: int
    """Process that trains, or trained."""
    restarts: int
    """Fresh starts with another seed after a collapse."""
    message: str
    """One line for people: why a run failed or started afresh."""
    fingerprint: str
    """Digest of all that decides the result; another one means that the model must be trained again."""

    @property
    def is_interrupted(self) -> bool:
        """Whether the run was stopped, or says `running` but its process is gone from this machine."""
        if self.status is RunStatus.STOPPED:
            return True
        return self.status is RunStatus.RUNNING and not _process_exists(self.pid)


_FILE = JsonFile(
    RunState,
    "the state of a training run",
    maker="train",
    remedy="Delete its folder and train this model again.",
)


def write_state(folder: Path, state: RunState) -> None:
    """Write a run's state into its folder, atomically."""
    _FILE.write(folder / STATE_FILE, state)


def read_state(folder: Path) -> RunState | None:
    """Read a run's state; None where no run has begun.

    Raises:
        ResultError: the file is there but is not a run's state.
    """
    return _FILE.read_if_there(folder / STATE_FILE)


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
