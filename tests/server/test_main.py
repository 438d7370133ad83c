"""The program `cbvsynth-server` says what it can before TensorFlow is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_help_needs_no_tensorflow():
    code = (
        "import sys\nsys.argv = ['server', '--help']\nimport runpy\n"
        "try:\n    runpy.run_module('cbvsynth.server', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        "assert not {'tensorflow', 'grpc', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path.cwd(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "tensorflow/serving:2.20.0" in done.stdout


def test_the_version_is_said():
    done = subprocess.run(
        [sys.executable, "-m", "cbvsynth.server", "--version"], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("cbvsynth-server ")
    assert first.endswith("with the protocol of tensorflow/serving:2.20.0")
    assert second.startswith("TensorFlow 2.")
