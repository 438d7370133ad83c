"""Where the time of `make demo` goes.

    python benchmarks/demo.py [--jobs 2] [--keep FOLDER]

Clones the last commit of this repository into a temporary folder (or FOLDER, which stays), runs there, line
by line, what `make demo` runs once it has set up, and prints of each line its wall seconds, its CPU seconds
with those of all its children, and the most memory that one of them held. Below it what the models' own
records say: seconds of training, of export and of scores, summed over the models; the rest of the line that
trains is starting Python, TensorFlow and DVC.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cbvsynth.records.costs import read_cost

ROOT = Path(__file__).resolve().parents[1]
SET_UP = ("requirements.lock", "requirements-bootstrap.lock", "pyproject.toml")
"""What `make` compares with .venv's age."""


def main() -> int:
    """Run the demo and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2, help="models trained at a time")
    parser.add_argument("--keep", type=Path, help="an empty or new folder to run in")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cbvsynth-demo-") as temporary:
        folder = (flags.keep or Path(temporary) / "clone").absolute()
        clone(folder)
        print(f"{'wall s':>8} {'CPU s':>8} {'MB':>6}  line")
        total_wall = total_cpu = 0.0
        for line in lines_of_demo(folder, flags.jobs):
            wall, cpu, megabytes = timed(line, folder)
            total_wall, total_cpu = total_wall + wall, total_cpu + cpu
            print(f"{wall:8.1f} {cpu:8.1f} {megabytes:6.0f}  {line}", flush=True)
        print(f"{total_wall:8.1f} {total_cpu:8.1f} {'':6}  in all")
        print_models(folder / "artifacts" / "checkpoints")
    return 0


def clone(folder: Path) -> None:
    """A fresh clone beside this environment, which counts as set up."""
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(folder)], check=True)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    for name in SET_UP:
        os.utime(folder / name, (0, 0))


def lines_of_demo(folder: Path, jobs: int) -> list[str]:
    """What `make demo` types after the set-up."""
    told = subprocess.run(
        ["make", "--dry-run", "demo", f"JOBS={jobs}"], cwd=folder, check=True, capture_output=True, text=True
    )
    whole = told.stdout.replace("\\\n", "")
    return [line for line in whole.splitlines() if not line.startswith("make")]


def timed(line: str, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and the most memory, MB, of a line and everything that it starts."""
    environment = {
        **os.environ,
        "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{folder / 'src'}:{folder}",
    }
    started = time.perf_counter()
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", line], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(shell.pid, 0)
    if status:
        raise SystemExit(f"ended with {os.waitstatus_to_exitcode(status)}: {line}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def print_models(checkpoints: Path) -> None:
    """The phases that each training has recorded, summed."""
    costs = [cost for folder in sorted(checkpoints.iterdir()) if (cost := read_cost(folder))]
    sums = {name: sum(getattr(cost, f"{name}_s") for cost in costs) for name in ("train", "export", "score")}
    told = ", ".join(f"{name} {seconds:.0f}" for name, seconds in sums.items())
    print(f"wall seconds summed over {len(costs)} models: {told}; {costs[0].device} each")


if __name__ == "__main__":
    sys.exit(main())
