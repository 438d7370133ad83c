"""The resumable state of a run: one file, <checkpoints>/<model>/checkpoint.npz.

It holds every weight, the optimisers' moments, and the run's progress as JSON, in plain arrays that
load without pickle. One file with one rename: a kill at any moment leaves either the former state or
the new one. The order of examinations needs no state, as it follows from the seed and the epoch.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from cbvsynth.errors import TrainingError
from cbvsynth.records.storage import atomic_file

CHECKPOINT_FILE = "checkpoint.npz"
_PROGRESS = "progress"

Arrays = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class EpochRecord:
    """Means of every loss over one epoch's steps, and how long it took."""

    epoch: int
    losses: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class PartialEpoch:
    """What an epoch that was cut short has done."""

    steps: int
    """Examinations of the epoch's order that were learned from."""
    sums: dict[str, float]
    """Sum of every loss over these steps."""
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    fingerprint: str
    epoch: int
    """Epochs finished with the present seed."""
    seed: int
    restarts: int
    seconds: float
    """Time spent training, over all restarts and resumptions."""
    started: str
    """When the first attempt began, ISO 8601, UTC."""
    history: tuple[EpochRecord, ...]
    partial: PartialEpoch | None = None
    """What the epoch after the last finished one has done; None where it has not begun."""


def write_checkpoint(folder: Path, progress: Progress, arrays: Arrays) -> None:
    """Store progress and arrays in the place of the former checkpoint, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(progress)).encode()
    with atomic_file(folder / CHECKPOINT_FILE) as temporary, temporary.open("wb") as target:
        content = {_PROGRESS: np.frombuffer(text, np.uint8), **arrays}
        np.savez(target, **content)  # type: ignore[arg-type]  # the stub takes them for allow_pickle


def read_progress(folder: Path) -> Progress | None:
    """Progress of the stored run, without its arrays; None where there is none.

    Raises:
        TrainingError: the file is damaged.
    """
    if not (folder / CHECKPOINT_FILE).is_file():
        return None
    (text,) = _read(folder, [_PROGRESS])
    try:
        # Not by msgspec's own parser: a loss may be NaN, which only Python's writes and reads.
        return msgspec.convert(json.loads(text.tobytes()), Progress)
    except ValueError as error:
        raise _damaged(folder) from error


def read_arrays(folder: Path, like: Arrays) -> dict[str, npt.NDArray[np.generic]]:
    """Arrays of the stored run that have the names, shapes and types of `like`.

    Raises:
        TrainingError: the file is damaged, or holds other arrays.
    """
    found = dict(zip(like, _read(folder, list(like)), strict=True))
    for name, array in found.items():
        if array.shape != like[name].shape or array.dtype != like[name].dtype:
            raise TrainingError(
                f"{folder.name}/{CHECKPOINT_FILE}: '{name}' is {array.dtype}{list(array.shape)}, expected "
                f"{like[name].dtype}{list(like[name].shape)}. Delete {folder.name} to train from the start."
            )
    return found


def _read(folder: Path, names: list[str]) -> list[npt.NDArray[np.generic]]:
    try:
        with np.load(folder / CHECKPOINT_FILE, allow_pickle=False) as stored:
            return [stored[name] for name in names]
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise _damaged(folder) from error


def _damaged(folder: Path) -> TrainingError:
    return TrainingError(
        f"{folder.name}/{CHECKPOINT_FILE} is damaged or not a checkpoint of this version; expected what "
        f"train wrote. Delete {folder.name} to train from the start."
    )
