"""What a run tells while it trains."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.domain.options import Switch
from cbvsynth.records.ledger import RunState, RunStatus, read_state
from cbvsynth.training.checkpoints import EpochRecord, Progress
from cbvsynth.training.journal import Journal, now

pytestmark = pytest.mark.tensorflow
STARTED = Progress("f" * 64, 0, 7, 0, 0.0, "2026-01-01T00:00:00+00:00", ())


def state_in(folder: Path) -> RunState:
    state = read_state(folder)
    assert state is not None
    return state


def after(epochs: int) -> Progress:
    history = tuple(EpochRecord(number, {"mae": 0.5 / number}, 1.5) for number in range(1, epochs + 1))
    return replace(STARTED, epoch=epochs, seconds=1.5 * epochs, history=history)


def test_the_ledger_follows_the_run_from_its_begin_to_its_end(tmp_path: Path) -> None:
    journal = Journal("encdec-t1", tmp_path, 9, 4, Switch.OFF)
    journal.begin(STARTED, "")
    assert (state_in(tmp_path).status, state_in(tmp_path).pid) == (RunStatus.RUNNING, os.getpid())
    journal.state(RunStatus.DONE, after(9), "")
    journal.close()
    done = state_in(tmp_path)
    assert (done.status, done.epoch, done.epochs, done.seconds) == (RunStatus.DONE, 9, 9, 13.5)
    assert (done.started, done.fingerprint) == (STARTED.started, STARTED.fingerprint)
    assert done.started < done.updated <= now()


def test_epochs_that_pass_quickly_do_not_each_write_the_ledger(tmp_path: Path) -> None:
    journal = Journal("encdec-t1", tmp_path, 9, 4, Switch.OFF)
    journal.begin(STARTED, "")
    journal.epoch(after(1))
    journal.close()
    assert state_in(tmp_path).epoch == 0, "within two seconds the first entry stands"


def test_what_a_run_has_to_say_names_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal("encdec-t1", tmp_path, 9, 4, Switch.OFF)
    journal.begin(STARTED, "going on after epoch 3")
    journal.close()
    assert "encdec-t1: going on after epoch 3\n" in capsys.readouterr().out
    assert state_in(tmp_path).message == "going on after epoch 3"


@pytest.mark.parametrize(("board", "written"), [(Switch.OFF, 0), (Switch.ON, 1)])
def test_curves_are_written_when_they_were_asked_for(tmp_path: Path, board: Switch, written: int) -> None:
    journal = Journal("encdec-t1", tmp_path, 9, 4, board)
    journal.begin(STARTED, "")
    journal.epoch(after(1))
    journal.close()
    assert len(list(tmp_path.rglob("events.out.tfevents.*"))) == written
