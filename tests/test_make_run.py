"""`make run` on a bad day: no git, a held lock, an evaluation cut short."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import zc.lockfile

from cbvsynth.cli import main
from tests.installed import pretend_installed
from tests.tools import require_tool

ROOT = Path(__file__).resolve().parents[1]
STAGES = """stages:
  preprocess:
    cmd: cp params.yaml prepared
    deps: [params.yaml]
    outs: [prepared]
  train:
    matrix: {model: [one, two]}
    cmd: cp prepared ${item.model}
    deps: [prepared]
    outs: ["${item.model}"]
  evaluate:
    cmd: mkdir -p artifacts/evaluate && test -e go || sleep 60; cp one artifacts/evaluate/verdict.json
    deps: [one, two]
    outs: [artifacts/evaluate]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with our Makefile and stages of no cost; `make setup` has nothing to do in it."""
    require_tool("make")
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in (
        "requirements.lock",
        "requirements-bootstrap.lock",
        "pyproject.toml",
        "Makefile",
        "params.yaml",
    ):
        shutil.copyfile(ROOT / name, folder / name)
    pretend_installed(folder)
    (folder / "dvc.yaml").write_text(STAGES)
    (folder / "go").touch()
    (folder / ".dvc").mkdir()
    shutil.copyfile(ROOT / ".dvc" / "config", folder / ".dvc" / "config")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def make_run(folder: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    return subprocess.Popen(
        ["make", "run"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_folder_without_git_runs_like_any_other(checkout: Path) -> None:
    """A ZIP from a forge ended in code 255 and no word."""
    shutil.rmtree(checkout / ".git")
    running = make_run(checkout)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert (checkout / "artifacts" / "evaluate" / "verdict.json").is_file()


@pytest.mark.slow
def test_what_stops_dvc_is_said(checkout: Path) -> None:
    """`--quiet` swallowed DVC's own errors, too."""
    (checkout / "dvc.yaml").write_text(STAGES.replace("deps: [params.yaml]", "deps: [absent.yaml]"))
    running = make_run(checkout)
    said, _ = running.communicate(timeout=120)
    assert running.returncode
    assert "absent.yaml" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_a_held_lock_is_waited_for_and_its_holder_named(checkout: Path) -> None:
    """The first and the last line gave up after three seconds, with code 255 and no word."""
    (checkout / ".dvc" / "tmp").mkdir(exist_ok=True)
    held = zc.lockfile.LockFile(str(checkout / ".dvc" / "tmp" / "lock"))
    running = make_run(checkout)
    assert running.stdout is not None
    try:
        told = next(line for line in running.stdout if "waiting" in line)
        assert running.poll() is None
    finally:
        held.close()
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    assert f"waiting for another DVC run, process {os.getpid()}" in told
    assert (checkout / "artifacts" / "evaluate" / "verdict.json").is_file()


@pytest.mark.slow
def test_two_runs_of_one_checkout_never_write_the_same_results_at_once(checkout: Path) -> None:
    """The later one waits, or ends with the process that it would have disturbed; so do two trainings."""
    first, second = make_run(checkout), make_run(checkout)
    said = [running.communicate(timeout=240)[0] for running in (first, second)]
    ended = [running.returncode for running in (first, second)]
    assert 0 in ended, said
    for code, text in zip(ended, said, strict=True):
        assert code == 0 or "is being blocked by" in text, text
        assert "Traceback" not in text
    again = make_run(checkout)
    assert again.communicate(timeout=120)[0] is not None
    assert again.returncode == 0
    assert (checkout / "one").read_bytes() == (checkout / "params.yaml").read_bytes()


@pytest.mark.slow
def test_an_evaluation_cut_short_can_be_had_back(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DVC removes a stage's results before it runs it: leaderboard said that a file does not exist."""
    running = make_run(checkout)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 0, said
    kept = (checkout / "artifacts" / "evaluate" / "verdict.json").read_bytes()
    (checkout / "go").unlink()
    (checkout / "params.yaml").write_bytes((checkout / "params.yaml").read_bytes() + b"# changed\n")
    running = make_run(checkout)
    until = time.monotonic() + 120
    while (checkout / "artifacts" / "evaluate" / "verdict.json").exists() and time.monotonic() < until:
        time.sleep(0.2)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    monkeypatch.chdir(checkout)
    assert main(["leaderboard"]) == 1
    error = capsys.readouterr().err
    assert "`dvc checkout artifacts/evaluate` brings it back" in error
    subprocess.run(["dvc", "checkout", "-q", "artifacts/evaluate"], check=True)
    assert (checkout / "artifacts" / "evaluate" / "verdict.json").read_bytes() == kept
