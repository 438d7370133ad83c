"""Maps of some held-out examinations, kept for pictures: arrays named by exam_id in one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from cbvsynth.errors import ResultError
from cbvsynth.records.examinations import Float32Array
from cbvsynth.records.storage import atomic_file

EXAMPLES_FILE = "examples.npz"
EXAMPLES_SD_FILE = "examples_sd.npz"
"""How sure each map is; only of models that say so."""


def write_examples(path: Path, maps: Mapping[str, Float32Array]) -> None:
    """Write maps as arrays named by exam_id, compressed, atomically."""
    arrays: dict[str, Any] = dict(sorted(maps.items()))
    with atomic_file(path) as temporary, temporary.open("wb") as target:
        np.savez_compressed(target, **arrays)


def read_examples(path: Path) -> dict[str, Float32Array]:
    """Maps by exam_id, (X, Y, Z) float32, target unit.

    Raises:
        ResultError: the file is missing or is not one of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: np.asarray(stored[name], dtype=np.float32) for name in stored.files}
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run train first.") from error
    except (BadZipFile, ValueError, EOFError, KeyError) as error:
        raise ResultError(f"{path} is damaged ({error}); run train again.") from error
