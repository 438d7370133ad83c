"""Kill the whole path with SIGKILL at random moments, and see whether it ends as an undisturbed one.

    python benchmarks/kills.py [--kills 100] [--seed 1] [--work FOLDER]

In two copies of this checkout a phantom of 12 patients goes through all five steps with two small models, by
`dvc repro`. One copy is left alone. In the other `dvc repro` and all of its processes are killed after a
drawn time, from the first moment to a little before the undisturbed run's end, and started again; when it
has come to its end it begins anew with nothing. A kill that finds nothing new done makes the next times
longer by a fifth, so that all steps are reached on a machine that has become slower. After every kill: each
file of JSON that a step names can be read, and each alias of the registry leads to a model whose bytes its
version names. After every end: all results are those of the undisturbed run, byte for byte. Every moment is
printed, with what had been reached. Ends with 1 at the first difference.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import yaml

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("encdec-t1c", "fcgan-t1c")
PHANTOM = {"patients": 12, "matrix": 32, "damaged": 1}
LOOSE_GATE = {
    "required_baselines": [],
    "min_examinations": 2,
    "max_lesion_bias": 100.0,
    "max_diagnosis_bias": 100.0,
    "min_lesion_slope": -1.0,
    "min_lesion_concordance": -1.0,
    "min_lesion_texture": -1.0,
    "max_scale_error": 100.0,
    "max_auc_loss": 1.0,
    "bootstrap_samples": 100,
}
"""A gate that models of minutes pass, so that something is promoted; tests of both wirings use it, too."""
SETTINGS = {
    "train": {
        "epochs": 4,
        "base_channels": 4,
        "residual_blocks": 1,
        "example_count": 2,
        "checkpoint_every": 1,
    },
    "evaluate": LOOSE_GATE,
}
RESULTS = ("validate", "preprocess", "train", "evaluate")
"""Folders whose every byte depends on study and settings alone; the registry is compared by its models."""


def main() -> int:
    """Parse the command line, kill, and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=None, help="folder for both copies; a temporary one")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        return kill_many(work, given.kills, Random(given.seed))


def kill_many(work: Path, kills: int, random: Random) -> int:
    """Run undisturbed, then with kills; print each. 0 when all is as it should be."""
    alone, killed = make_copy(work / "alone"), make_copy(work / "killed")
    started = time.perf_counter()
    end_of(start(alone))
    seconds = time.perf_counter() - started
    expected = outcome(alone)
    print(f"undisturbed: {seconds:.0f} s, {len(expected)} results", flush=True)
    done, rounds, stretch, reached = 0, 0, 1.0, ""
    while done < kills:
        moment = random.uniform(0, 0.98 * seconds * stretch)
        running = start(killed)
        try:
            running.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            done += 1
            before, reached = reached, at_work(killed)
            stretch = 1.2 * stretch if reached == before else 1.0
            print(f"kill {done:>3} after {moment:6.2f} s, {reached}", flush=True)
            require_whole(killed)
            continue
        rounds += 1
        compare(expected, outcome_after(running, killed))
        print(f"end {rounds}: as the undisturbed run", flush=True)
        begin_anew(killed)
    end_of(start(killed))
    compare(expected, outcome(killed))
    print(f"{done} kills, {rounds + 1} runs to the end: all results as those of the undisturbed run")
    return 0


def make_copy(folder: Path) -> Path:
    """What git would clone of this tree, in a repository of its own, with settings for a run of a minute."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for section, changed in {"phantom": PHANTOM, **SETTINGS}.items():
        params[section] |= changed
    params["sweep"]["models"] = list(MODELS)
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def start(folder: Path) -> subprocess.Popen[str]:
    """`dvc repro` in a session of its own, so that all of its processes can be killed together."""
    unwanted = {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return subprocess.Popen(
        ["dvc", "repro"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end_of(running: subprocess.Popen[str]) -> None:
    """Wait for a run, and stop with all that it said where it failed."""
    said, _ = running.communicate()
    if running.returncode:
        raise SystemExit(f"a run ended in code {running.returncode}:\n{said}")


def outcome_after(running: subprocess.Popen[str], folder: Path) -> dict[str, str]:
    """The results of a run that has come to its end by itself."""
    end_of(running)
    return outcome(folder)


def outcome(folder: Path) -> dict[str, str]:
    """Digest of every result, and of the model behind every alias."""
    from cbvsynth.records.storage import sha256_tree

    found = {
        f"{name}/{path}": digest
        for name in RESULTS
        for path, digest in sha256_tree(folder / "artifacts" / name).items()
    }
    return {**found, **{f"alias {alias}": digest for alias, (digest, _) in served(folder).items()}}


def served(folder: Path) -> dict[str, tuple[str, str]]:
    """Alias -> (digest that its version names, digest of the stored model); empty without a registry."""
    if not (folder / "mlflow.db").is_file():
        return {}
    done = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=folder, check=True, capture_output=True, text=True, env=os.environ
    )
    answer: dict[str, tuple[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return {alias: (digest, stored) for alias, (digest, stored) in answer.items()}


_ASK = """
import json, tempfile
from pathlib import Path
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.candidates import MODEL_ARTIFACT, SAVED_MODEL
from cbvsynth.registry.versions import aliases_of, fetch_artifact, version_of
registry, found = open_registry("cbvsynth"), {}
for alias in aliases_of(registry):
    version = version_of(registry, alias)
    with tempfile.TemporaryDirectory() as folder:
        stored = fetch_artifact(registry, version, MODEL_ARTIFACT, Path(folder))
        found[alias] = (version.digest, tree_digest(sha256_tree(stored / SAVED_MODEL)))
print(json.dumps(found))
"""
"""Asked in a process of its own: MLflow keeps a connection to the first database that it sees."""


def require_whole(folder: Path) -> None:
    """Stop where a kill left half a file, or an alias that leads to another model than it says."""
    for path in (folder / "artifacts").rglob("*.json"):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            json.loads(path.read_bytes())
    for alias, (named, stored) in served(folder).items():
        if named != stored:
            raise SystemExit(f"alias {alias} leads to a model of digest {stored}; its version names {named}")


def compare(expected: dict[str, str], found: dict[str, str]) -> None:
    """Stop at results that differ, and name them."""
    different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    if different:
        raise SystemExit(f"{len(different)} results differ from the undisturbed run's, first {different[:5]}")


def at_work(folder: Path) -> str:
    """What had been reached: the stages that have left their results."""
    names = ("data", *(f"artifacts/{name}" for name in ("validate", "preprocess/index.json")))
    trained = [model for model in MODELS if (folder / "artifacts" / "train" / model).is_dir()]
    there = [name for name in names if (folder / name).exists()]
    later = [name for name in ("evaluate", "promote") if (folder / "artifacts" / name).is_dir()]
    return "with " + (", ".join([*there, *trained, *later]) or "nothing")


def begin_anew(folder: Path) -> None:
    """Remove all that runs have made; what a clone holds stays."""
    for name in ("data", "artifacts", "mlartifacts", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for path in folder.glob("mlflow.db*"):
        path.unlink()
    for name in ("data.dvc", "dvc.lock"):
        (folder / name).unlink(missing_ok=True)
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, folder / name)


if __name__ == "__main__":
    sys.exit(main())
