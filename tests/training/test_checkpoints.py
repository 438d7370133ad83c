"""What a checkpoint keeps, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import TrainingError
from cbvsynth.training.checkpoints import (
    CHECKPOINT_FILE,
    EpochRecord,
    Progress,
    read_arrays,
    read_progress,
    write_checkpoint,
)

PROGRESS = Progress(
    fingerprint="abc",
    epoch=2,
    seed=7,
    restarts=1,
    seconds=1.0 / 3.0,
    started="2026-01-01T00:00:00+00:00",
    history=(EpochRecord(1, {"mae": 0.1}, 0.2), EpochRecord(2, {"mae": 1.0 / 3.0}, 0.2)),
)
ARRAYS = {
    "generator/first_kernel": np.random.default_rng(0).random((3, 3, 2, 4), np.float32),
    "generator_adam/0": np.array(12, np.int64),
}


def test_progress_and_arrays_come_back_exactly(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, PROGRESS, ARRAYS)
    assert read_progress(tmp_path) == PROGRESS
    stored = read_arrays(tmp_path, like={name: np.zeros_like(array) for name, array in ARRAYS.items()})
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(stored[name], array)
        assert stored[name].dtype == array.dtype


def test_there_is_no_progress_before_the_first_checkpoint(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "none") is None


def test_a_checkpoint_is_one_file_that_loads_without_pickle(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, PROGRESS, ARRAYS)
    write_checkpoint(tmp_path, PROGRESS, ARRAYS)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]
    with np.load(tmp_path / CHECKPOINT_FILE, allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


def test_a_write_that_fails_keeps_the_former_checkpoint(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, PROGRESS, ARRAYS)

    class Failing:
        def __array__(self, *arguments: object, **options: object) -> np.ndarray:
            raise MemoryError

    with pytest.raises(MemoryError):
        write_checkpoint(tmp_path, PROGRESS, {**ARRAYS, "bad": Failing()})  # type: ignore[dict-item]
    assert read_progress(tmp_path) == PROGRESS
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[: len(content) // 2], lambda _: b"", lambda _: b"not a checkpoint"],
    ids=["cut", "empty", "text"],
)
def test_a_damaged_checkpoint_is_named_with_what_to_do(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "encdec-t1"
    write_checkpoint(folder, PROGRESS, ARRAYS)
    path = folder / CHECKPOINT_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrainingError, match=r"encdec-t1/checkpoint\.npz is damaged.*Delete encdec-t1"):
        read_progress(folder)


def test_progress_of_another_version_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / CHECKPOINT_FILE, progress=np.frombuffer(b'{"epoch": 1, "history": []}', np.uint8))
    with pytest.raises(TrainingError, match="not a checkpoint of this version"):
        read_progress(tmp_path)


def test_arrays_of_another_network_are_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, PROGRESS, ARRAYS)
    with pytest.raises(TrainingError, match="is damaged"):
        read_arrays(tmp_path, like={"generator/last_bias": np.zeros(1, np.float32)})
    with pytest.raises(TrainingError, match=r"'generator_adam/0' is int64\[\], expected float32\[\]"):
        read_arrays(tmp_path, like={"generator_adam/0": np.zeros((), np.float32)})
