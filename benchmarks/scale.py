"""How every step's CPU time and memory grow with the study, the sweep and the registry.

    python benchmarks/scale.py [--examinations 756] [--models 62] [--versions 500] [--of models]

At a quarter, a half and the whole of each number: a study of so many examinations through manifest,
validate, plan and preprocess; the made-up tables of all models, of so many examinations ("judged"), and of so
many models, of all examinations, through evaluate and report; a registry of so many versions that `registry
list` and a promotion of all models ask. Training and serving look at one examination at a time and are in
other benchmarks. Each is a process of its own, as a person starts it. Prints its CPU seconds and the most
memory that it held, and by which factor each grew from a half to the whole: a start and work that is linear
at most double, work that grows with the square of what there is takes four times as long. Stops with 1 where
a step takes more than 2.2 times as long, or holds more than 2 GB. Larger numbers look behind the start.
Quick: --examinations 40 --models 8 --versions 40.

The examinations are some phantoms of 32 x 32 x 8 under many names, each with its own noise; what depends on
an examination's size is in benchmarks/validate.py, resampling.py and report.py.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import report

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cbvsynth.domain.sequences import Sequence, all_combinations, all_models
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study
from cbvsynth.records.examinations import write_index
from cbvsynth.records.regions import REGIONS_FILE, write_regions
from cbvsynth.registry.store import open_registry
from cbvsynth.study.nifti import read_volume, write_volume
from tests.registry import trained_models

MOST_GROWTH, MOST_MB = 2.2, 2000.0
MATRIX, SLICES, PHANTOMS = 32, 8, 6
PARTS = (4, 2, 1)
PARAMS = Path(__file__).resolve().parents[1] / "params.yaml"
IMAGES = ("anat", "dwi", "perf")


@dataclass(frozen=True)
class Used:
    """What a process took."""

    cpu_s: float
    memory_mb: float


@dataclass(frozen=True)
class Growth:
    """A step at a quarter, a half and the whole of what there is."""

    step: str
    of: str
    used: tuple[Used, ...]

    @property
    def cpu_factor(self) -> float:
        """From a half to the whole, start included."""
        return self.used[2].cpu_s / self.used[1].cpu_s

    @property
    def memory_factor(self) -> float:
        """The same of the memory."""
        return self.used[2].memory_mb / self.used[1].memory_mb

    @property
    def within(self) -> bool:
        """Whether it grows no faster than what there is, and fits."""
        return self.cpu_factor <= MOST_GROWTH and self.used[2].memory_mb <= MOST_MB

    def __str__(self) -> str:
        cells = "".join(f"{one.cpu_s:8.1f} s {one.memory_mb:6.0f} MB" for one in self.used)
        word = "" if self.within else "  MISSED"
        return (
            f"  {self.step:<22}{cells}   CPU x{self.cpu_factor:4.1f}, memory x{self.memory_factor:4.1f}{word}"
        )


def main() -> int:
    """Measure, print, and compare with the limits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("examinations", 756), ("models", 62), ("versions", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--of", nargs="+", default=["examinations", "judged", "models", "versions"], help="what grows"
    )
    flags = parser.parse_args()
    found: list[Growth] = []
    with tempfile.TemporaryDirectory(prefix="cbvsynth-scale-") as folder:
        root = Path(folder)
        for of, count, measure in (
            ("examinations", flags.examinations, studies),
            ("judged", flags.examinations, partial(sweeps, models=flags.models)),
            ("models", flags.models, partial(sweeps, flags.examinations)),
            ("versions", flags.versions, registries),
        ):
            if of not in flags.of:
                continue
            counts = [max(1, count // part) for part in PARTS]
            print(f"\n{of}: {', '.join(map(str, counts))}", flush=True)
            steps = [measure(one, folder=root / of / str(one)) for one in counts]
            for step in steps[0]:
                found.append(Growth(step, of, tuple(one[step] for one in steps)))
                print(found[-1], flush=True)
    return int(not all(one.within for one in found))


def step(folder: Path, *words: str) -> Used:
    """Run `cbvsynth WORDS` in a folder.

    By a small process between, since Linux counts the memory of who starts a program as the program's.

    Raises:
        SystemExit: it failed.
    """
    environment = {**os.environ, "TQDM_DISABLE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-I", "-S", "-c", BETWEEN, "-m", "cbvsynth.cli", *words]
    told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    status, cpu_s, kilobytes = told.stdout.split()
    if status != "0":
        raise SystemExit(
            f"cbvsynth {' '.join(words)}:\n{(folder / SAID).read_text(encoding='utf-8')[-3000:]}"
        )
    return Used(float(cpu_s), float(kilobytes) / 1024)


SAID = "said.txt"
BETWEEN = f"""
import os, sys
to = os.open("{SAID}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
actions = [(os.POSIX_SPAWN_DUP2, to, 1), (os.POSIX_SPAWN_DUP2, to, 2)]
process = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ, file_actions=actions)
_, status, used = os.wait4(process, 0)
print(status, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def studies(count: int, folder: Path) -> dict[str, Used]:
    """From a study's folders to arrays."""
    phantoms = folder.parent / "phantoms"
    if not phantoms.exists():  # the same for all three
        with contextlib.redirect_stderr(io.StringIO()):
            write_study(phantoms, StudySettings(PHANTOMS, MATRIX, SLICES, damaged=0, seed=1))
    folder.mkdir(parents=True)
    write_copies(phantoms, folder / "data", count)
    data = ("--data", "data")
    validate = ("validate", *data, "--out", "validate", "--workers", "1", "--register", "off")
    accepted = "validate/examinations.csv"
    preprocess = ("preprocess", *data, "--examinations", accepted, "--out", "arrays")
    return {
        "manifest": step(folder, "manifest", "data", "--out", "manifest.csv"),
        "validate": step(folder, *validate, "--limits", str(limits(folder))),
        "plan": step(folder, "plan", *data, "--params", str(PARAMS), "--decisions", accepted),
        "preprocess": step(folder, *preprocess),
        "preprocess, unchanged": step(folder, *preprocess),
    }


def limits(folder: Path) -> Path:
    """The limits of this release, but for those that a matrix this small cannot keep."""
    import yaml

    source = Path(__file__).resolve().parents[1] / "limits.yaml"
    path = folder / "limits.yaml"
    content = yaml.safe_load(source.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**content, "matrix_min": MATRIX}), encoding="utf-8")
    return path


def write_copies(phantoms: Path, data: Path, count: int) -> None:
    """Write a study of many examinations: the phantoms' in turn, each image with noise of its own."""
    rng = np.random.default_rng(0)
    rows = (phantoms / "participants.tsv").read_text(encoding="utf-8").splitlines()
    patients = {row.split("\t")[0]: row.partition("\t")[2] for row in rows[1:]}
    first = {name: min((phantoms / name).glob("ses-*")).name for name in patients}
    listed = [rows[0]]
    for number in range(count):
        source = list(patients)[number % len(patients)]
        name = f"sub-{number:04d}"
        listed.append(f"{name}\t{patients[source]}")
        for path in phantoms.rglob(f"*{source}_{first[source]}_*.nii"):
            target = data / str(path.relative_to(phantoms)).replace(source, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.parent.name in IMAGES and "derivatives" not in path.parts:
                volume = read_volume(path, path.name)
                noise = rng.normal(1.0, 0.01, volume.data.shape).astype(np.float32)
                write_volume(target, type(volume)(volume.data * noise, volume.affine))
            else:
                target.write_bytes(path.read_bytes())
    (data / "participants.tsv").write_text("\n".join(listed) + "\n", encoding="utf-8")
    for path in (phantoms / "dataset_description.json", *phantoms.glob("*.json")):
        (data / path.name).write_bytes(path.read_bytes())


def sweeps(examinations: int, models: int, folder: Path) -> dict[str, Used]:
    """From the tables of many models to a verdict and a report."""
    slugs = [model.slug for model in all_models()][:models]
    folder.mkdir(parents=True)
    index = report.write_examinations(folder, examinations, (MATRIX, MATRIX, SLICES))
    for one in index.examinations[: report.DISTINCT]:
        for sequence in set(Sequence) - {Sequence.T1C}:
            os.link(index.root / one.exam_id / "t1c.npy", index.root / one.exam_id / f"{sequence.value}.npy")
    splits = [
        replace(one, split="held-out" if number % 3 == 0 else "train")
        for number, one in enumerate(index.examinations)
    ]
    write_index(replace(index, examinations=tuple(splits)))
    judged = tuple(one for one in splits if one.split == "held-out")
    report.write_tables(folder, replace(index, examinations=judged), slugs)
    for model in slugs:
        write_regions(folder / "artifacts" / "train" / model / REGIONS_FILE, [])
        np.savez(folder / "artifacts" / "train" / model / "examples.npz")
    results = ("--results", "artifacts/train", "--examinations", "artifacts/preprocess")
    return {
        "evaluate": step(folder, "evaluate", *results, "--models", *slugs, "--out", "judged"),
        "report": step(folder, "report", "--artifacts", "artifacts", "--out", "pages"),
    }


def registries(count: int, folder: Path) -> dict[str, Used]:
    """A promotion of the paper's best 31 models, and the list, where there are many versions already."""
    folder.mkdir(parents=True)
    with contextlib.chdir(folder), contextlib.redirect_stderr(io.StringIO()):
        for model in all_models():
            trained_models.train(model.slug, 0.9)
        best = {pattern.slug: f"encdec-{pattern.slug}" for pattern in all_combinations()}
        trained_models.decide(max(best.values(), key=len), by_availability=best)
        fill_registry(count)
    return {
        "registry list": step(folder, "registry", "list", "--json"),
        "promote": step(folder, *PROMOTE),
        "promote, unchanged": step(folder, *PROMOTE),
    }


PROMOTE = (
    *("promote", "--verdict", "artifacts/evaluate/verdict.json"),
    *("--results", "artifacts/train", "--out", "artifacts/promote"),
)


def fill_registry(count: int) -> None:
    """Versions of earlier promotions, each with a run and the tags of one."""
    registry = open_registry("cbvsynth")
    client = registry.client
    client.create_registered_model("cbvsynth")
    for number in range(count):
        digests = {f"variables/part-{part}": f"{number * 10 + part:064d}" for part in range(5)}
        tags = {
            "model": "encdec-t1-t1c-adc",
            "algorithm": "encdec",
            "sequences": "t1-t1c-adc",
            "saved_model_digest": f"{number:064d}",
            "data_fingerprint": f"{number:064d}",
            "preprocessing_version": "1",
            "target_unit": "mL/100g",
            "data_range": "25",
            "saved_model_sha256": json.dumps(digests),
            "verdict_sha256": f"{number:064d}",
        }
        run = client.create_run(registry.experiment_id, tags=tags)
        client.create_model_version("cbvsynth", f"runs:/{run.info.run_id}/model", run.info.run_id, tags=tags)


if __name__ == "__main__":
    started = time.monotonic()
    code = main()
    print(f"\n{time.monotonic() - started:.0f} s by the clock, {sum(os.times()[:4]):.0f} CPU s in all")
    sys.exit(code)
