"""A phantom study small enough to go through both wirings within a test, and the settings for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from benchmarks.kills import LOOSE_GATE
from cbvsynth.phantom.study import MARKER
from cbvsynth.records.storage import sha256_tree, tree_digest
from tests.kubeflow.checkout import ROOT

MODELS = ("encdec-t1c", "fcgan-t1c")
SETTINGS = {
    "validate": {"register": "off", "max_dropped_share": 0.25, "workers": 1},
    "preprocess": {"seed": 2030, "workers": 1},
    "train": {
        "epochs": 2,
        "learning_rate": 0.003,
        "base_channels": 4,
        "residual_blocks": 1,
        "example_count": 2,
    },
    "evaluate": LOOSE_GATE,
    "promote": {},
}


def make_study(folder: Path) -> None:
    """16 examinations of 12 patients and one with a planted fault; none has FLAIR.

    The marker is made to fit the files that are left, so that the study is the phantom's still.
    """
    program(folder, "-m", "cbvsynth.cli", "phantom", *flags({"patients": 12, "matrix": 32, "damaged": 1}))
    for image in (folder / "data").rglob("*_FLAIR.nii*"):
        image.unlink()
    marker = folder / "data" / MARKER
    digests = sha256_tree(folder / "data")
    del digests[MARKER]
    others = {"other_files": len(digests), "digest_of_other_files": tree_digest(digests)}
    marker.write_text(json.dumps({**json.loads(marker.read_text()), **others}))


def write_params(folder: Path, models: tuple[str, ...] = MODELS) -> None:
    content = {**SETTINGS, "sweep": {"models": list(models)}}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def place(folder: Path, study: Path) -> Path:
    """A working folder with a copy of the study and what a checkout has beside it."""
    folder.mkdir()
    shutil.copytree(study / "data", folder / "data")
    shutil.copy(ROOT / "limits.yaml", folder)
    write_params(folder)
    return folder


def flags(settings: dict[str, object]) -> list[str]:
    """Settings as command-line flags, as dvc.yaml passes them."""
    given: list[str] = []
    for name, value in settings.items():
        given += [f"--{name}", *(map(str, value) if isinstance(value, list) else [str(value)])]
    return given


def program(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with a registry of its own, and check how it ends."""
    unwanted = {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={
            **environment,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "TQDM_DISABLE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done


def run_programs(folder: Path) -> None:
    """What `dvc repro` runs, without DVC: the steps' programs with their default folders."""
    program(folder, "-m", "cbvsynth.cli", "phantom")
    for step in ("validate", "preprocess"):
        program(folder, "-m", f"components.{step}", *flags(SETTINGS[step]))
    for model in MODELS:
        program(folder, "-m", "components.train", "--model", model, *flags(SETTINGS["train"]))
    models = ["--models", *MODELS]
    program(folder, "-m", "components.evaluate", *models, *flags(SETTINGS["evaluate"]))
    program(folder, "-m", "components.promote")


def run_local(
    folder: Path, *pairs: str, code: int = 0, package: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """`cbvsynth pipeline run-local` with the folder's params.yaml."""
    given = ["--set", *pairs] if pairs else []
    given += ["--package", str(package)] if package else []
    return program(folder, "-m", "cbvsynth.cli", "pipeline", "run-local", *given, code=code)
