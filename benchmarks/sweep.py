"""What a sweep costs beside the steps themselves: DVC, Python's start and imports, model by model.

    python benchmarks/sweep.py [--models 4] [--patients 16] [--matrix 32] [--epochs 1] [--keep FOLDER]

Clones the last commit into a temporary folder (or FOLDER, which stays), makes a small phantom, and trains
its models one at a time as `make run` does, by `dvc repro --single-item`. CPU seconds, with all threads and
both kinds of time, so that they can be compared on a machine with other work: the step is what DVC starts,
DVC is its own process. What DVC takes depends on how many models params.yaml names, not on how long they
train: the last lines ask it again about a model that is trained already, with these models and with the
paper's 62.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from demo import clone

OVER_THE_STEPS = 0.10
"""The most that DVC may add to the sum of the steps."""
MODELS = ("encdec-t1", "fcgan-t1-t1c", "encdec-t2-t1c", "fcgan-t1", "encdec-t1c", "encdec-t1-t1c-adc")
PROGRAM = """
import json, os, resource, sys, time
from dvc.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(os.environ["COSTS"], "w", encoding="utf-8") as file:
    json.dump([time.process_time(), used.ru_utime + used.ru_stime], file)
sys.exit(code)
"""
IMPORTS = "import time, tensorflow, keras, cbvsynth.training; print(time.process_time())"


@dataclass(frozen=True)
class Cost:
    """CPU seconds of DVC's own process, and of what it started."""

    dvc_s: float
    steps_s: float


def dvc(folder: Path, *words: str) -> Cost:
    """Run DVC in a clone.

    Raises:
        SystemExit: it failed.
    """
    costs = folder / ".git" / "costs.json"
    environment = {**_environment(folder), "COSTS": str(costs), "TQDM_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"dvc {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Cost(*json.loads(costs.read_text(encoding="utf-8")))


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{folder / 'src'}:{folder}",
    }


def change_params(folder: Path, arguments: argparse.Namespace) -> list[str]:
    """Write the small study and the few models into the clone's params.yaml; the models."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    models = list(MODELS[: arguments.models])
    params["phantom"] |= {"patients": arguments.patients, "matrix": arguments.matrix, "damaged": 0}
    params["train"] |= {"epochs": arguments.epochs}
    params["sweep"]["models"] = models
    path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    return models


def importing_s(folder: Path) -> float:
    """CPU seconds until TensorFlow, Keras and our training are imported."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS],
        env=_environment(folder),
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def main() -> int:
    """Train, print the table; 1 where DVC adds more than a tenth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=4, help=f"how many of {len(MODELS)}")
    parser.add_argument("--patients", type=int, default=16)
    parser.add_argument("--matrix", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty or new folder to run in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cbvsynth-sweep-") as temporary:
        folder = (arguments.keep or Path(temporary) / "clone").absolute()
        clone(folder)
        models = change_params(folder, arguments)
        dvc(folder, "repro", "preprocess")
        imports_s = importing_s(folder)
        print(f"{'step':>8} {'DVC':>6} CPU s; importing TensorFlow is {imports_s:.1f} of each step's")
        costs = []
        for model in models:
            costs.append(dvc(folder, "repro", "--single-item", f"train@{model}"))
            print(f"{costs[-1].steps_s:8.1f} {costs[-1].dvc_s:6.1f} {model}", flush=True)
        again = dvc(folder, "repro", "--single-item", f"train@{models[0]}").dvc_s
        print(f"{'':8} {again:6.1f} asked again about {models[0]}, of {len(models)} models")
        subprocess.run(
            ["cbvsynth", "sweep", "paper"],
            cwd=folder,
            env=_environment(folder),
            check=True,
            capture_output=True,
        )
        last = dvc(folder, "repro", "--single-item", f"train@{models[0]}").dvc_s
        print(f"{'':8} {last:6.1f} the same, of 62 models")
    steps_s, dvc_s = sum(one.steps_s for one in costs), sum(one.dvc_s for one in costs)
    added = dvc_s / steps_s
    longest = last / OVER_THE_STEPS
    print(f"DVC adds {added:.1%} to {steps_s / len(models):.1f} CPU s a model;")
    print(f"with 62 models it adds a tenth or less where a model takes {longest:.0f} CPU s or more")
    return int(added > OVER_THE_STEPS)


if __name__ == "__main__":
    sys.exit(main())
