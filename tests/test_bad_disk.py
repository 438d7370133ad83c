"""Each step that writes, on a full disk, a read-only one, with a quota and too many open files: one line."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import EvaluateConfig, PhantomConfig, PromoteConfig, ValidateConfig
from cbvsynth.domain.options import Register
from cbvsynth.entrypoint import run_guarded
from cbvsynth.records.ledger import STATE_FILE
from tests.preprocessing.raw_study import RawStudy

ROOT = Path(__file__).resolve().parents[1]
Step = Callable[[Path, Path], Callable[[], object]]
"""(what it reads, the disk to write to) -> the step."""


@contextmanager
def full_disk(place: Path) -> Iterator[None]:
    """A file system of four pages, for real."""
    with mounted(place, "size=16k"):
        yield


@contextmanager
def read_only_disk(place: Path) -> Iterator[None]:
    """A file system that takes nothing, not even from root."""
    with mounted(place, "ro"):
        yield


@contextmanager
def sound_disk(place: Path) -> Iterator[None]:
    place.mkdir()
    yield


@contextmanager
def no_more_files() -> Iterator[None]:
    """No room for another open file in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def short_files() -> Iterator[None]:
    """No file may become longer than a page: as a quota does, the system ends a write in its middle.

    A quota itself needs a kernel with its format (CONFIG_QFMT_V2 or CONFIG_TMPFS_QUOTA) and another user
    than root; its number, EDQUOT, stands beside ENOSPC in the entry point's table.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here, so no disk can be made full or read-only")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def phantom(source: Path, disk: Path) -> Callable[[], object]:
    from cbvsynth.phantom.fill import fill

    return lambda: fill(PhantomConfig(disk / "data", source / "data.json", 1, 32, 7, 0))


def validate(source: Path, disk: Path) -> Callable[[], object]:
    from cbvsynth.steps.validate import run

    RawStudy(source)
    config = ValidateConfig(data=source / "data", limits=ROOT / "limits.yaml", out=disk / "validate")
    return lambda: run(replace(config, register=Register.OFF, workers=1))


def preprocess(source: Path, disk: Path) -> Callable[[], object]:
    from cbvsynth.steps.preprocess import run

    config = RawStudy(source).config
    return lambda: run(replace(config, out=disk / "cache"))


def checkpoint(_source: Path, disk: Path) -> Callable[[], object]:
    from cbvsynth.training.fit import fit
    from tests.training.toy_study import ENCDEC, QUICK, ToyStudy

    return lambda: fit(ENCDEC, QUICK, ToyStudy(), disk / "checkpoints", "data")


def evaluate(source: Path, disk: Path) -> Callable[[], object]:
    from cbvsynth.steps.evaluate import run
    from tests.pages.sweep_files import MODELS, write_sweep

    write_sweep(source)
    config = EvaluateConfig(
        models=tuple(MODELS),
        results=source / "train",
        examinations=source / "preprocess",
        out=disk / "evaluate",
        bootstrap_samples=200,
    )
    return lambda: run(config, find_champion=lambda _name: None)


STEPS: dict[str, Step] = {
    "phantom": phantom,
    "validate": validate,
    "preprocess": preprocess,
    "train": checkpoint,
    "evaluate": evaluate,
}
NEEDS = {"train": pytest.mark.tensorflow, "validate": pytest.mark.slow, "evaluate": pytest.mark.slow}
FAULTS = {
    "full": (full_disk, nullcontext),
    "read-only": (read_only_disk, nullcontext),
    "quota": (sound_disk, short_files),
    "open files": (sound_disk, no_more_files),
}
SAYS = {
    "full": "the disk is full",
    "read-only": "read-only|cannot be written to",
    "quota": "larger than allowed|file-size limit|could not write its pages",
    "open files": "too many files",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", [pytest.param(name, marks=NEEDS.get(name, ())) for name in STEPS])
def test_a_disk_that_refuses_is_one_line_and_leaves_nothing_half_written(
    step: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk ended preprocess in a traceback: NumPy's short write carries no number of an error."""
    disk = tmp_path / "disk"
    action = STEPS[step](tmp_path / "source", disk)
    kind, lack = FAULTS[fault]
    with kind(disk):
        with lack():
            assert run_guarded(action) == 1
        error = capsys.readouterr().err
        left = {path.name: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    assert re.search(SAYS[fault], error), error
    assert "Traceback" not in error
    assert [line for line in error.splitlines() if line.startswith("error: ")] == error.splitlines()[-1:]
    assert set(left) <= {STATE_FILE}
    assert all(json.loads(content) for content in left.values())  # a training that began has said so, whole


def test_promote_on_a_disk_that_is_read_only_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cbvsynth.steps.promote import run
    from tests.registry.trained_models import decide, train

    disk = tmp_path / "disk"
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with mounted(disk, "size=64m"):
        monkeypatch.chdir(disk)
        train("encdec-t1c", 0.9)
        decide("encdec-t1c", by_availability={"t1c": "encdec-t1c"})
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        before = sorted(str(path) for path in disk.rglob("*"))
        assert run_guarded(lambda: run(PromoteConfig())) == 1
        assert sorted(str(path) for path in disk.rglob("*")) == before
        monkeypatch.chdir(tmp_path)
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    assert re.search(SAYS["read-only"], error), error
