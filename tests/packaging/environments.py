"""The wheel, and environments that hold it with one extra: pinned by the lock, apart from this one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.tools import require_tool

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment into which the wheel was installed."""

    folder: Path

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of this environment: nothing of the checkout can be imported by it."""
        return subprocess.run(
            [str(self.program(words[0])), *words[1:]],
            cwd=cwd,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
        )

    def program(self, name: str) -> Path:
        """A program that was installed with it."""
        return self.folder / "bin" / name

    def variables(self) -> dict[str, str]:
        """The variables of this process, without those that lead to other packages or other servers."""
        mine = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "TQDM_DISABLE": "1"}
        # Without its bytecode each of some hundred programs would compile all of TensorFlow again.
        for name in (
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "MLFLOW_TRACKING_URI",
            "KF_PIPELINES_ENDPOINT",
        ):
            mine.pop(name, None)
        return mine


def build_wheel(folder: Path) -> Path:
    """Build the wheel as the images do."""
    done = subprocess.run(
        [require_tool("uv"), "build", "--wheel", "--no-build-isolation", "--out-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path, extra: str = "") -> Environment:
    """Install the wheel with an extra. The packages come from uv's cache, as links: a matter of seconds."""
    uv = require_tool("uv")
    wanted = f"cbvsynth[{extra}] @ {wheel.as_uri()}" if extra else f"cbvsynth @ {wheel.as_uri()}"
    constraint = ("--constraint", str(ROOT / "requirements.lock"))
    for command in (
        (uv, "venv", "--quiet", "--python", sys.executable, str(folder)),
        (uv, "pip", "install", "--quiet", "--python", str(folder), *constraint, wanted),
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"[{extra}]: {done.stderr}"
    return Environment(folder)
