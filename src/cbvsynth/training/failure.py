"""A failed run says so in the ledger, whatever made it fail, and puts the machine's refusals into words.

No TensorFlow here: the step begins to take notes before it imports anything heavy.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cbvsynth.entrypoint import STORAGE_CAUSES, storage_error
from cbvsynth.errors import CbvsynthError, ResultError, TrainingError
from cbvsynth.records.ledger import RunState, RunStatus, read_state, write_state

_LONGEST = 200
"""Characters of a library's own words that a message repeats; some are pages long."""
_GRAPH_PLACE = re.compile(r"\{\{.*?\}\}")
"""Where in its graph TensorFlow stood; it means nothing to who reads the message."""


@contextmanager
def failure_noted(folder: Path, model: str, epochs: int) -> Iterator[None]:
    """Write `failed` and the reason into the run's ledger entry when an error leaves the block.

    What the machine refused (memory, a device, a file) leaves as a `TrainingError` or `StorageError`. An
    error that is neither ours nor the machine's is a defect: it is noted and goes on unchanged.

    Args:
        folder: the run's checkpoint folder.
        model: id of the model.
        epochs: epochs asked for.
    """
    try:
        yield
    except CbvsynthError as error:
        _note(folder, model, epochs, str(error))
        raise
    except Exception as error:
        refusal = machine_refusal(error, model)
        if refusal is None:
            _note(folder, model, epochs, f"{type(error).__name__}: {error}")
            raise
        _note(folder, model, epochs, str(refusal))
        raise refusal from error


def machine_refusal(error: Exception, model: str) -> CbvsynthError | None:
    """The error that says what the machine refused while a model was trained; None for a defect."""
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return _file_refusal(error, model)
    if isinstance(error, MemoryError):
        return _out_of_memory(error, model)
    if not type(error).__module__.startswith("tensorflow."):
        return None
    import tensorflow as tf

    if isinstance(error, tf.errors.ResourceExhaustedError):
        return _out_of_memory(error, model)
    # Shapes and values that do not fit each other are a mistake of the program, not of the machine.
    if not isinstance(error, tf.errors.OpError) or isinstance(error, tf.errors.InvalidArgumentError):
        return None
    return TrainingError(
        f"{model}: TensorFlow gave up ({own_words(error)}); expected a device that works throughout. Start "
        "again, which goes on from the last checkpoint. If it happens again, look at the GPU and its driver "
        "(nvidia-smi), or train on the processor: CUDA_VISIBLE_DEVICES=-1."
    )


def own_words(error: Exception) -> str:
    """Class and first line of a library's error, shortened; of one in a TensorFlow graph, its reason."""
    lines = _plain_lines(str(getattr(error, "message", error)))
    reason = _above_the_node(lines) or next(iter(lines), "")
    return f"{type(error).__name__}: {reason[:_LONGEST]}" if reason else type(error).__name__


def kernel_reason(message: str) -> str:
    """The sentence of TensorFlow's in which a kernel says why it failed; empty where nothing is said."""
    lines = _plain_lines(message)
    return _above_the_node(lines) or next(reversed(lines), "")


def _plain_lines(message: str) -> list[str]:
    lines = (_GRAPH_PLACE.sub("", line).strip() for line in message.splitlines())
    return [line for line in lines if line]


def _above_the_node(lines: list[str]) -> str:
    """What stands above the first node, `[[{{node add}}]]`: before it is the stack, after it are hints."""
    nodes = (place for place, line in enumerate(lines) if line.startswith("[["))
    place = next(nodes, 0)
    return lines[place - 1] if place else ""


def _out_of_memory(error: Exception, model: str) -> TrainingError:
    return TrainingError(
        f"{model}: memory ran out ({own_words(error)}); expected room for one examination and the networks, "
        "the least that a step needs. Lower --base_channels, choose --precision mixed_bfloat16, run fewer "
        "trainings at a time, or take a machine or GPU with more memory."
    )


def _file_refusal(error: OSError, model: str) -> CbvsynthError:
    if error.errno in STORAGE_CAUSES:
        return storage_error(error)
    place = f" at {error.filename}" if error.filename else ""
    return TrainingError(
        f"{model}: the operating system refused a file{place} ({error.strerror or own_words(error)}); "
        "expected examinations, checkpoints and results within reach. Check the disk and start again, which "
        "goes on from the last checkpoint."
    )


def _note(folder: Path, model: str, epochs: int, message: str) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    state = replace(
        _last_state(folder) or _unstarted(model, epochs, moment),
        status=RunStatus.FAILED,
        message=message,
        updated=moment,
        pid=os.getpid(),
    )
    with suppress(OSError):  # a full disk must not hide why the run failed
        write_state(folder, state)


def _last_state(folder: Path) -> RunState | None:
    try:
        return read_state(folder)
    except (ResultError, OSError):  # damaged: the new failure matters more than what stood there
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
