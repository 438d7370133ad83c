"""Who comes second waits, says for whom, and goes on when the first one ends, however it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from cbvsynth.records.at_work import LOCK_FILE, alone_in

_HOLD = """
import sys
from pathlib import Path
from cbvsynth.records.at_work import alone_in
with alone_in(Path(sys.argv[1]), "rest"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_one_waits_and_goes_on_when_the_first_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    first = holder(folder)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = holder(folder)
    assert second.stdout is not None
    assert second.stderr is not None
    assert second.stderr.readline() == f"waiting for process {first.pid}, which is at rest in {folder}\n"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert second.stdout.readline() == "held\n"
    second.communicate()
    assert (folder / LOCK_FILE).read_text() == f"{second.pid}\n"


def test_two_trainings_of_one_model_in_one_folder_come_one_after_the_other(tmp_path: Path) -> None:
    """Started by hand, the slower one could end with an error when it put its result in place."""
    checkpoints = tmp_path / "checkpoints"
    words = ["train", "--model", "encdec-t1c", "--examinations", str(tmp_path / "none")]
    with alone_in(checkpoints / "encdec-t1c", "rest"):
        second = subprocess.Popen(
            [sys.executable, "-m", "cbvsynth.cli", *words, "--checkpoints", str(checkpoints)],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        assert second.stderr is not None
        told = second.stderr.readline()
        assert second.poll() is None
    _, error = second.communicate(timeout=60)
    assert f"waiting for process {os.getpid()}, which is at the training of encdec-t1c" in told
    assert second.returncode == 1
    assert error.startswith("error: ")
