"""The ledger of a sweep: what each run says about itself."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.errors import ResultError
from cbvsynth.records import ledger
from cbvsynth.records.ledger import STATE_FILE, RunState, RunStatus, read_state, write_state

STATE = RunState(
    model="encdec-t1",
    status=RunStatus.RUNNING,
    epoch=3,
    epochs=10,
    seconds=1.25,
    started="2026-01-01T00:00:00+00:00",
    updated="2026-01-01T00:01:00+00:00",
    pid=os.getpid(),
    restarts=0,
    message="",
    fingerprint="abc",
)


def test_a_state_comes_back_as_written(tmp_path: Path) -> None:
    write_state(tmp_path / "encdec-t1", STATE)
    assert read_state(tmp_path / "encdec-t1") == STATE


def test_the_file_begins_with_the_model_and_its_state(tmp_path: Path) -> None:
    write_state(tmp_path, STATE)
    text = (tmp_path / STATE_FILE).read_text()
    assert text.startswith('{\n  "model": "encdec-t1",\n  "status": "running",\n  "epoch": 3,\n')
    assert text.endswith('  "message": "",\n  "fingerprint": "abc"\n}\n')


def test_a_model_that_never_ran_has_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "encdec-t1") is None


def test_a_run_whose_process_is_gone_is_interrupted() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not STATE.is_interrupted
    assert replace(STATE, pid=gone.pid).is_interrupted
    assert not replace(STATE, pid=gone.pid, status=RunStatus.DONE).is_interrupted


@pytest.mark.skipif(os.geteuid() == 0, reason="root may signal every process")
def test_a_process_of_another_user_exists() -> None:
    assert not replace(STATE, pid=1).is_interrupted


@pytest.mark.parametrize("content", ["{", "[]", '{"model": "encdec-t1"}', '{"status": "asleep"}', ""])
def test_a_damaged_state_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "encdec-t1").mkdir()
    (tmp_path / "encdec-t1" / STATE_FILE).write_text(content)
    with pytest.raises(
        ResultError, match=r"encdec-t1/state\.json is not the state.*Delete its folder and train"
    ):
        read_state(tmp_path / "encdec-t1")


def test_reading_a_ledger_does_not_import_tensorflow() -> None:
    program = f"import sys, {ledger.__name__}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
