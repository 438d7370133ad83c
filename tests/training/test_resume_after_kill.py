"""kill -9 in the middle of an epoch costs time and nothing else; being told to stop costs not even that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from cbvsynth.domain.options import Spread
from cbvsynth.domain.sequences import ModelId
from cbvsynth.interruption import Terminated
from cbvsynth.records.ledger import RunStatus, read_state
from cbvsynth.training import fit as fit_module
from cbvsynth.training.checkpoints import Arrays, Progress, read_progress
from cbvsynth.training.data import TrainingExample
from tests.training.toy_study import ANY, ENCDEC, FCGAN, FLOW, ToyStudy, same_weights, train

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

PROGRAM = """
import sys, time
from pathlib import Path
from cbvsynth.domain.options import Spread
from cbvsynth.domain.sequences import ModelId
from tests.training.toy_study import ToyStudy, train

class Slow(ToyStudy):
    def load(self, index):
        time.sleep(0.2)
        return super().load(index)

from cbvsynth.entrypoint import run_guarded
model = ModelId.parse(sys.argv[2])
every, spread, data = int(sys.argv[3]), Spread(sys.argv[4]), Slow(channels=len(model.trained_on.sequences))
folder = Path(sys.argv[1])
sys.exit(run_guarded(lambda: train(folder, model, data, epochs=40, checkpoint_every=every, spread=spread)))
"""


def started(
    killed: Path, model_id: ModelId, checkpoint_every: int, spread: Spread = Spread.OFF
) -> subprocess.Popen[str]:
    """A run that has come to its third epoch."""
    arguments = [sys.executable, "-c", PROGRAM, str(killed), model_id.slug, str(checkpoint_every), spread]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 900  # seconds on an idle machine; the limit is for a busy one
    while (state := read_state(killed / model_id.slug)) is None or state.epoch < 3:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the run did not come to its third epoch"
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    ("model_id", "spread"),
    [(ENCDEC, Spread.OFF), (FCGAN, Spread.OFF), (FLOW, Spread.OFF), (ANY, Spread.LEARNED)],
)
def test_a_killed_run_ends_with_the_same_weights_bit_by_bit(
    tmp_path: Path, model_id: ModelId, spread: Spread
) -> None:
    killed, folder = tmp_path / "killed", tmp_path / "killed" / model_id.slug
    process = started(killed, model_id, 2, spread)
    process.send_signal(signal.SIGKILL)
    process.wait()
    state = read_state(folder)
    assert state is not None
    assert state.status is RunStatus.RUNNING
    assert state.is_interrupted

    data = ToyStudy(channels=len(model_id.trained_on.sequences))
    resumed = train(killed, model_id, data, epochs=9, spread=spread)
    assert 2 <= resumed.resumed_from < 9
    assert resumed.resumed_from % 2 == 0
    assert (resumed.spread is not None) == (spread is Spread.LEARNED)
    assert same_weights(resumed, train(tmp_path / "whole", model_id, data, epochs=9, spread=spread))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_loses_no_step(tmp_path: Path, number: int) -> None:
    """It used to end without a word, and with it all that was done since the last tenth epoch."""
    killed, folder = tmp_path / "killed", tmp_path / "killed" / FCGAN.slug
    process = started(killed, FCGAN, 1000)
    asked = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate()
    assert time.monotonic() - asked < 60  # seconds on an idle machine; the limit is for a busy one
    assert process.returncode == 128 + number
    assert "start again to go on where this stopped" in said
    state = read_state(folder)
    assert state is not None
    assert (state.status, state.is_interrupted) == (RunStatus.STOPPED, True)
    progress = read_progress(folder)
    assert progress is not None
    assert progress.epoch >= 3

    resumed = train(killed, FCGAN, epochs=9, checkpoint_every=1000)
    whole = train(tmp_path / "whole", FCGAN, epochs=9)
    assert same_weights(resumed, whole)
    assert [record.losses for record in resumed.history] == [record.losses for record in whole.history]


@pytest.mark.parametrize("cooldown", [0.0, 0.75], ids=["constant-rate", "falling-rate"])
def test_a_stop_within_an_epoch_is_gone_on_with_from_its_step(tmp_path: Path, cooldown: float) -> None:
    class Stopping(ToyStudy):
        loaded: ClassVar[list[int]] = []

        def load(self, index: int) -> TrainingExample:
            self.loaded.append(index)
            if len(self.loaded) == 8:  # the third examination of the second epoch
                os.kill(os.getpid(), signal.SIGTERM)
            return super().load(index)

    with pytest.raises(Terminated):
        train(tmp_path / "stopped", FCGAN, data=Stopping(), cooldown=cooldown)
    progress = read_progress(tmp_path / "stopped" / FCGAN.slug)
    assert progress is not None
    assert progress.epoch == 1
    assert progress.partial is not None
    assert 1 <= progress.partial.steps <= 3
    resumed = train(tmp_path / "stopped", FCGAN, cooldown=cooldown)
    whole = train(tmp_path / "whole", FCGAN, cooldown=cooldown)
    assert same_weights(resumed, whole)
    assert [record.losses for record in resumed.history] == [record.losses for record in whole.history]


def test_a_long_epoch_is_stored_by_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint came every tenth epoch only, an hour's work and more at the paper's size."""
    monkeypatch.setattr(fit_module, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    written: list[Progress] = []
    real = fit_module.write_checkpoint

    def noted(folder: Path, progress: Progress, arrays: Arrays) -> None:
        written.append(progress)
        real(folder, progress, arrays)

    monkeypatch.setattr(fit_module, "write_checkpoint", noted)
    train(tmp_path, epochs=2, checkpoint_every=1000)
    assert [(one.epoch, one.partial.steps if one.partial else 0) for one in written] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 4),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 0),
    ]
