"""A new registry appears whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cbvsynth.registry.store import open_registry

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def test_a_kill_while_the_tables_are_made_leaves_no_half_made_database(tmp_path: Path) -> None:
    """MLflow makes its tables one by one; a kill in between used to leave a file that nothing could open."""
    code = (
        f"import os; os.chdir({str(Path.cwd())!r})\n"
        "from cbvsynth.registry.store import open_registry\n"
        "open_registry('cbvsynth').client"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ})
    while process.poll() is None and not any(path.stat().st_size for path in Path().glob(".mlflow.db*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not Path("mlflow.db").exists()
    assert open_registry("cbvsynth").client.search_registered_models() == []
    assert Path("mlflow.db").is_file()
