"""Several promotions at the same moment, each in a process of its own, for one import of MLflow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PROMOTE = """
import os, sys, tempfile
from pathlib import Path
import mlflow.tracking, cbvsynth.steps.promote as step
from cbvsynth.config import PromoteConfig
from cbvsynth.entrypoint import run_guarded
number, apart = int(sys.argv[1]), sys.argv[2:]
children = []
for _ in range(number):
    child = os.fork()
    if not child:
        config = PromoteConfig()
        if apart:
            tempfile.tempdir = tempfile.mkdtemp(dir='.')
            config = PromoteConfig(out=Path(tempfile.tempdir, 'promote'))
        os._exit(run_guarded(lambda: step.run(config)))
    children.append(child)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children), file=sys.stderr)
"""


def promote_at_once(number: int, *apart: str) -> str:
    """Promote what lies in the working folder; return the processes' exit codes.

    Args:
        number: Of processes.
        apart: 'apart', and each has folders of its own, as if it were on another machine: what
            keeps processes of one machine out of each other's way does not hold them.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROMOTE, str(number), *apart],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    *said, codes = done.stderr.strip().splitlines()
    print(*said, sep="\n")
    return codes
