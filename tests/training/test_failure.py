"""A failed run is visible in the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.errors import TrainingError
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


def test_success_leaves_the_entry_alone(tmp_path: Path) -> None:
    write_state(tmp_path, STATE)
    with failure_noted(tmp_path, "encdec-t1", 9):
        pass
    assert read_state(tmp_path) == STATE
