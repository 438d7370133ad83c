"""Of several models that share a training one trains at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from cbvsynth.training.sharing import LOCK_FILE, alone


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with alone(tmp_path / "shared"):
            order.append("second")

    with alone(tmp_path / "shared"):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.2)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_who_is_killed_lets_go(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from cbvsynth.training.sharing import alone\n"
        "with alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    with alone(tmp_path):
        assert (tmp_path / LOCK_FILE).is_file()
