"""What serving costs beside calling the SavedModel directly, in one run.

    python benchmarks/serving.py [--saved_model FOLDER] [--size 160x160x20] [--rounds 9]

A server in a process of its own, a client in this one, and the same SavedModel called directly in this
one take turns, so that a busy moment of the machine hits all of them. Without --saved_model the paper's
network with fresh weights is served. Read the ratios; "CPU" adds up all threads and both kinds of time
(user and system), and is what to read on a machine that others use too. Ends with 1 where a target is
missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
# This file has a package's name: look for packages beside this folder, not in it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.proof.processes import server_process

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel

NAME = "cbvsynth"
MODEL = "encdec-t1-t1c-adc"
THREADS = 8
COLD_STARTS = 3
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Inputs = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Target:
    """A figure with its bound: at most, or (from below) at least."""

    name: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return f"  {self.name:<62}{self.value:>7.3f}  {sign} {self.bound:<5} {'ok' if self.met else 'MISSED'}"


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def own_cpu() -> float:
    """The same of this process, finer."""
    return time.process_time()


def export_fresh(folder: Path) -> None:
    """The paper's network with fresh weights: it calculates as much as a trained one."""
    from cbvsynth.domain.sequences import ModelId, TargetUnit
    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.preprocessing import PREPROCESSING_VERSION
    from cbvsynth.signature import Description
    from cbvsynth.training.saved_model import export_model

    model, options = ModelId.parse(MODEL), GeneratorOptions()
    description = Description(
        model=model,
        target_unit=TargetUnit.ML_PER_100G,
        cbv_max=25.0,
        preprocessing_version=PREPROCESSING_VERSION,
        spacing_range_mm=((0.5, 4.0),) * 3,
        shape_range=((16.0, 512.0),) * 3,
        data_fingerprint="",
        run_fingerprint="",
        software="benchmark",
    )
    export_model(build_generator(len(model.combination.sequences), options), description, folder)


def made_up_volumes(model: ExportedModel, shape: Sequence[int]) -> Inputs:
    """Raw intensities by name, (1, H, W, D) float32."""
    rng = np.random.default_rng(1)
    return {
        sequence.value: rng.uniform(500, 1500, (1, *shape)).astype(np.float32)
        for sequence in model.description.sequences
    }


def flags(base: Path) -> list[str]:
    """A server of one model on free ports."""
    return [
        f"--model_name={NAME}",
        f"--model_base_path={base}",
        "--port=0",
        "--rest_api_port=-1",
        f"--grpc_max_threads={THREADS}",
    ]


def one_at_a_time(
    direct: Callable[[], object], served: Callable[[], object], server: int, rounds: int, calls: int
) -> tuple[float, float, float, float]:
    """Median CPU seconds per call: direct, server, client; and the median ratio of server to direct."""
    rows = []
    for _ in range(rounds):
        begin = own_cpu()
        for _ in range(calls):
            direct()
        middle, server_begin = own_cpu(), cpu_of(server)
        for _ in range(calls):
            served()
        rows.append((middle - begin, cpu_of(server) - server_begin, own_cpu() - middle))
    own, theirs, client = (statistics.median(column) / calls for column in zip(*rows, strict=True))
    return own, theirs, client, statistics.median(row[1] / row[0] for row in rows)


def many_at_a_time(
    direct: Callable[[], object], served: Callable[[], object], server: int, rounds: int
) -> tuple[float, float]:
    """Median ratios of 8 clients to 8 direct threads: of requests per second, and of CPU per request."""
    speeds, costs = [], []
    with ThreadPoolExecutor(THREADS) as pool:

        def all_at_once(action: Callable[[], object]) -> float:
            begin = time.perf_counter()
            for future in [pool.submit(action) for _ in range(2 * THREADS)]:
                future.result()
            return time.perf_counter() - begin

        all_at_once(direct)
        all_at_once(served)
        for _ in range(rounds):
            begin = own_cpu()
            direct_s = all_at_once(direct)
            direct_cpu, server_begin = own_cpu() - begin, cpu_of(server)
            served_s = all_at_once(served)
            speeds.append(direct_s / served_s)
            costs.append((cpu_of(server) - server_begin) / direct_cpu)
    return statistics.median(speeds), statistics.median(costs)


def first_request(base: Path, log: Path, inputs: Inputs) -> tuple[float, float]:
    """CPU seconds of a fresh server for its first request and, the median of five, for later ones."""
    with server_process(flags(base), log) as server:
        address = server.addresses(300)["gRPC"]
        connection = Connection(address)
        costs = []
        for _ in range(6):
            begin = cpu_of(server.process.pid)
            connection.predict(ModelReference(NAME), inputs)
            costs.append(cpu_of(server.process.pid) - begin)
        connection.close()
    return costs[0], statistics.median(costs[1:])


def start_up(*arguments: str) -> float:
    """CPU seconds of a fresh Python; the median of five."""
    costs = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return statistics.median(costs)


CLIENT = "from cbvsynth.client import CbvClient; CbvClient('localhost:8500').close()"
HELP = "from cbvsynth.cli import main; main(['predict', '--help'])"


def predict_flags(folder: Path, sequences: Sequence[str], shape: tuple[int, ...], address: str) -> list[str]:
    """`cbvsynth predict` of files: a phantom's aligned, skull-stripped images and its mask."""
    from cbvsynth.domain.volume import Volume
    from cbvsynth.phantom.case import make_case
    from cbvsynth.study.nifti import write_volume

    case = make_case(matrix=shape[0], slices=shape[2])
    affine = np.diag([*case.spacing_mm, 1.0])
    affine[:3, 3] = case.origin_mm
    images = {name.value: np.float32(image * case.brain) for name, image in case.images.items()}
    flags = ["-m", "cbvsynth.cli", "predict", "--server", address, "--out", str(folder / "cbv.nii.gz")]
    flags += ["--overwrite", "on"]
    for name in (*sequences, "mask"):
        voxels = case.brain if name == "mask" else images[name]
        write_volume(folder / f"{name}.nii.gz", Volume(voxels, affine))
        flags += [f"--{name}", str(folder / f"{name}.nii.gz")]
    return flags


def measure(saved_model: Path | None, shape: tuple[int, ...], rounds: int, folder: Path) -> list[Target]:
    """Every figure of one run; those without a target are printed here."""
    from cbvsynth.training.saved_model import load_exported

    base = folder / "base"
    if saved_model is None:
        export_fresh(base / "1")
    else:
        shutil.copytree(saved_model, base / "1")
    targets = [
        Target("client: CPU seconds to start", start_up("-c", CLIENT), 1.0),
        Target("cbvsynth predict --help: CPU seconds", start_up("-c", HELP), 0.3),
    ]
    model = load_exported(base / "1")
    inputs = made_up_volumes(model, shape)
    size = sum(array.nbytes for array in inputs.values()) / 1e6
    print(f"{model.description.model}, {'x'.join(map(str, shape))}: {size:.1f} MB per request")
    colds = [first_request(base, folder / "cold.log", inputs) for _ in range(COLD_STARTS)]
    with server_process(flags(base), folder / "server.log") as server:
        address = server.addresses(300)["gRPC"]
        command = start_up(*predict_flags(folder, tuple(inputs), shape, address))
        targets.append(Target("cbvsynth predict of files: CPU seconds of the client", command, 1.0))
        connection = Connection(address, timeout_s=600)

        def served() -> npt.NDArray[np.float32]:
            return connection.predict(ModelReference(NAME), inputs)[0]

        def direct() -> npt.NDArray[np.float32]:
            return model(inputs)

        if not np.array_equal(served(), direct()):
            raise SystemExit("the served map is not the direct one; nothing was measured")
        pid = server.process.pid
        own, theirs, client, ratio = one_at_a_time(direct, served, pid, rounds, calls=5)
        costs = {"direct": own, "server": theirs, "client": client}
        print("CPU ms per request:", ", ".join(f"{name} {cpu * 1e3:.0f}" for name, cpu in costs.items()))
        speed, cost = many_at_a_time(direct, served, pid, rounds)
        print(f"CPU per request under {THREADS} clients, server over direct threads: {cost:.3f}")
        connection.close()
    return [
        Target("CPU per request, server over direct call", ratio, 1.05),
        Target(f"requests per second, {THREADS} clients over {THREADS} direct threads", speed, 0.95, True),
        Target(
            f"CPU of the first request over a later one, {COLD_STARTS} fresh servers",
            statistics.median(first / warm for first, warm in colds),
            1.5,
        ),
        *targets,
    ]


def main() -> int:
    """Run it; the exit code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--saved_model", type=Path, help="SavedModel to serve; by default a fresh one")
    parser.add_argument("--size", default="160x160x20", help="HxWxD of a volume; 3 of 160x160x20 are 6 MB")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of which the median is taken")
    options = parser.parse_args()
    shape = tuple(int(part) for part in options.size.lower().split("x"))
    with TemporaryDirectory() as folder:
        targets = measure(options.saved_model, shape, options.rounds, Path(folder))
    print(*targets, sep="\n")
    return 0 if all(target.met for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
