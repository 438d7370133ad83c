"""Memory and processor time of the embedded server, by the number of versions that it serves.

    python benchmarks/serving_size.py [--models artifacts/train] [--versions 1 2 8 16 62] [--shape 240 240 20]

Takes the SavedModels of a finished sweep, serves as many versions of one model as asked (the same ones
again where the sweep has fewer: a server shares nothing between versions), and asks the first and every
eighth of them for a map. Prints for each number of versions:

    ready_cpu_s      processor time until the port opens, TensorFlow's start included
    idle_mb          resident memory then
    peak_mb          largest resident memory after the predictions
    first_cpu_s      processor time of the first prediction of a version
    next_cpu_s       processor time of the next ones of the same version, mean

The production server is another program: its memory differs, its arithmetic is the same.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.domain.sequences import ModelId
from cbvsynth.sync.models_config import ModelsConfig

NAME = "cbvsynth"
ROUNDS = 3
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure each number of versions in a server of its own and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("artifacts/train"), help="results of train")
    parser.add_argument("--versions", type=int, nargs="+", default=[1, 2, 8, 16, 62])
    parser.add_argument("--shape", type=int, nargs=3, default=[240, 240, 20], help="voxels of a request")
    options = parser.parse_args()
    models = sorted(path.parent for path in options.models.glob("*/saved_model"))
    if not models:
        sys.exit(f"error: there is no saved_model in a folder of '{options.models}'; run make demo first.")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {options.shape}"
    )
    print("versions  ready_cpu_s  idle_mb  peak_mb  first_cpu_s  next_cpu_s", flush=True)
    for count in options.versions:
        print(measure(models, count, tuple(options.shape)), flush=True)


def measure(models: list[Path], count: int, shape: tuple[int, ...]) -> str:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        slugs = publish(root, models, count)
        with served(root) as (process, port):
            ready, idle = cpu_s(process), memory_mb(process, "VmRSS")
            first, later = ask(process, port, slugs, shape)
            peak = memory_mb(process, "VmHWM")
    return f"{count:8d}  {ready:11.1f}  {idle:7.0f}  {peak:7.0f}  {first:11.2f}  {later:10.2f}"


def publish(root: Path, models: list[Path], count: int) -> dict[int, str]:
    """A model repository of `count` versions; which model each of them is."""
    slugs = {}
    for version, model in zip(range(1, count + 1), itertools.cycle(models), strict=False):
        shutil.copytree(model / "saved_model", root / NAME / str(version))
        slugs[version] = model.name
    config = ModelsConfig(NAME, str(root / NAME), tuple(slugs), {"stable": 1})
    (root / "models.config").write_text(config.to_text(), encoding="utf-8")
    return slugs


@contextmanager
def served(root: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The embedded server as a process of its own, ready, and its gRPC port."""
    command = [
        *(sys.executable, "-m", "cbvsynth.server", "--port=0", "--rest_api_port=-1"),
        f"--model_config_file={root}/models.config",
        "--allow_version_labels_for_unavailable_models=true",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, int(line.rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


def ask(
    process: subprocess.Popen[str], port: int, slugs: dict[int, str], shape: tuple[int, ...]
) -> tuple[float, float]:
    """Mean processor time of the server for the first and for a later prediction of a version."""
    rng = np.random.default_rng(0)
    connection = Connection(f"localhost:{port}")
    first, later = [], []
    for version in list(slugs)[::8]:
        sequences = ModelId.parse(slugs[version]).combination.sequences
        inputs = {one.value: rng.uniform(1, 500, (1, *shape)).astype(np.float32) for one in sequences}
        for number in range(1 + ROUNDS):
            before = cpu_s(process)
            connection.predict(ModelReference(NAME, version), inputs)
            time.sleep(0.05)
            (later if number else first).append(cpu_s(process) - before)
    connection.close()
    return float(np.mean(first)), float(np.mean(later))


def cpu_s(process: subprocess.Popen[str]) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def memory_mb(process: subprocess.Popen[str], field: str) -> float:
    """A line of a process's memory, in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ValueError(field)


if __name__ == "__main__":
    main()
