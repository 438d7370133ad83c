"""A failed run is visible in the ledger, and what the machine refused is told in words."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.errors import CbvsynthError, DataError, StorageError, TrainingError
from cbvsynth.records.ledger import RunState, RunStatus, read_state, write_state
from cbvsynth.training.failure import failure_noted

STATE = RunState("encdec-t1", RunStatus.RUNNING, 3, 9, 12.5, "2026-01-01", "2026-01-01", 1, 1, "", "f")


def fail(folder: Path) -> RunState | None:
    with pytest.raises(TrainingError, match="the reason"), failure_noted(folder, "encdec-t1", 9):
        raise TrainingError("the reason")
    return read_state(folder)


def test_a_failure_before_the_first_step_leaves_an_entry(tmp_path: Path) -> None:
    state = fail(tmp_path / "encdec-t1")
    assert state is not None
    assert (state.status, state.message, state.epoch, state.epochs) == (RunStatus.FAILED, "the reason", 0, 9)


def test_a_later_failure_keeps_what_the_run_had_reached(tmp_path: Path) -> None:
    write_state(tmp_path, STATE)
    state = fail(tmp_path)
    assert state is not None
    assert replace(state, updated="", pid=1) == replace(
        STATE, status=RunStatus.FAILED, message="the reason", updated=""
    )


def test_a_damaged_entry_does_not_hide_the_failure(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    state = fail(tmp_path)
    assert state is not None
    assert state.message == "the reason"


def out_of_tensorflows_memory() -> None:
    import tensorflow as tf

    tf.zeros([1 << 44])


def out_of_memory_in_a_graph() -> None:
    """As TensorFlow 2.21 tells it; `Graph execution error:` was all that was said of it."""
    import tensorflow as tf

    raise tf.errors.ResourceExhaustedError(
        None,
        None,
        "Graph execution error:\n\nDetected at node uniform defined at (most recent call last):\n"
        "<stack traces unavailable>\nOOM when allocating tensor with shape[67108864]\n"
        "\t [[{{node uniform}}]]\nHint: add report_tensor_allocations_upon_oom.\n [Op:__inference_f_10]",
    )


def lost_in_tensorflow() -> None:
    import tensorflow as tf

    tf.io.read_file("/nowhere")


def out_of_memory() -> None:
    np.empty(1 << 50)


def disk_full() -> None:
    Path("/dev/full").write_text("x")


def no_file() -> None:
    Path("/nowhere").read_text()


def a_folder() -> None:
    Path("/").read_text()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("act", "kind", "found", "advice"),
    [
        (out_of_tensorflows_memory, TrainingError, "ResourceExhaustedError: OOM when", "--base_channels"),
        (out_of_memory_in_a_graph, TrainingError, "ResourceExhaustedError: OOM when", "--base_channels"),
        (out_of_memory, TrainingError, "memory ran out", "--precision mixed_bfloat16"),
        (lost_in_tensorflow, TrainingError, "NotFoundError: /nowhere", "CUDA_VISIBLE_DEVICES=-1"),
        (disk_full, StorageError, "the disk is full", "free some space"),
        (no_file, TrainingError, "at /nowhere (No such file or directory)", "Check the disk"),
        (a_folder, StorageError, "at /: it is a folder, where a file is expected", "name a file"),
    ],
)
def test_what_the_machine_refuses_is_told_with_a_remedy_and_noted(
    tmp_path: Path, act: Callable[[], None], kind: type[DataError], found: str, advice: str
) -> None:
    """It ended in a traceback, keep_going did not go on, and the ledger said `running` for ever."""
    write_state(tmp_path, STATE)
    with pytest.raises(kind) as caught, failure_noted(tmp_path, "encdec-t1", 9):
        act()
    message = str(caught.value)
    assert found in message
    assert advice in message
    assert "{{" not in message
    state = read_state(tmp_path)
    assert state is not None
    assert (state.status, state.message, state.epoch) == (RunStatus.FAILED, message, 3)


def mistake_in_tensorflow() -> None:
    import tensorflow as tf

    tf.matmul(tf.zeros([2, 3]), tf.zeros([2, 3]))


def mistake() -> None:
    raise KeyError("t1")


def nobody_listens() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        os.write(writer, b"x")
    finally:
        os.close(writer)


@pytest.mark.tensorflow
@pytest.mark.parametrize("act", [mistake_in_tensorflow, mistake, nobody_listens])
def test_a_defect_is_noted_and_keeps_its_traceback(tmp_path: Path, act: Callable[[], None]) -> None:
    write_state(tmp_path, STATE)
    with pytest.raises(Exception) as caught, failure_noted(tmp_path, "encdec-t1", 9):  # noqa: PT011  # as it came
        act()
    assert not isinstance(caught.value, CbvsynthError)
    assert caught.traceback[-1].name == act.__name__ or act is mistake_in_tensorflow
    state = read_state(tmp_path)
    assert state is not None
    assert state.status is RunStatus.FAILED
    assert state.message.startswith(f"{type(caught.value).__name__}: ")


def test_a_ledger_that_cannot_be_written_hides_no_failure(tmp_path: Path) -> None:
    (tmp_path / "encdec-t1").write_text("a file where the run's folder should be")
    with (
        pytest.raises(TrainingError, match="the reason"),
        failure_noted(tmp_path / "encdec-t1", "encdec-t1", 9),
    ):
        raise TrainingError("the reason")


def test_success_leaves_the_entry_alone(tmp_path: Path) -> None:
    write_state(tmp_path, STATE)
    with failure_noted(tmp_path, "encdec-t1", 9):
        pass
    assert read_state(tmp_path) == STATE
