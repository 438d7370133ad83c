"""kill -9 in the middle of an epoch costs time and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cbvsynth.domain.sequences import ModelId
from cbvsynth.records.ledger import RunStatus, read_state
from tests.training.toy_study import ENCDEC, FCGAN, same_weights, train

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

PROGRAM = """
import sys, time
from pathlib import Path
from cbvsynth.domain.sequences import ModelId
from tests.training.toy_study import ToyStudy, train

class Slow(ToyStudy):
    def load(self, index):
        time.sleep(0.2)
        return super().load(index)

train(Path(sys.argv[1]), ModelId.parse(sys.argv[2]), data=Slow(), epochs=40)
"""


@pytest.mark.parametrize("model_id", [ENCDEC, FCGAN])
def test_a_killed_run_ends_with_the_same_weights_bit_by_bit(tmp_path: Path, model_id: ModelId) -> None:
    killed, folder = tmp_path / "killed", tmp_path / "killed" / model_id.slug
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(killed), model_id.slug])
    deadline = time.monotonic() + 240
    while (state := read_state(folder)) is None or state.epoch < 3:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the run did not come to its third epoch"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    state = read_state(folder)
    assert state is not None
    assert state.status is RunStatus.RUNNING
    assert state.is_interrupted

    resumed = train(killed, model_id, epochs=9)
    assert 2 <= resumed.resumed_from < 9
    assert resumed.resumed_from % 2 == 0
    assert same_weights(resumed, train(tmp_path / "whole", model_id, epochs=9))
