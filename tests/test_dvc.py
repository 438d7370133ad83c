"""data.dvc speaks of the phantom that the code makes, and what a run writes stays out of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml
from dvc.repo import Repo

ROOT = Path(__file__).resolve().parents[1]


def test_data_dvc_was_made_with_this_phantom() -> None:
    """After a change of the phantom: `rm -r data; dvc repro validate`, and commit data.dvc with it."""
    (data,) = [stage for stage in Repo(str(ROOT)).index.stages if stage.addressing == "data.dvc"]
    stale = [str(one) for one in data.deps if not str(one).startswith("artifacts") and one.status()]
    assert stale == []


def test_a_clone_fills_its_empty_data_folder_with_the_phantom() -> None:
    """meta.phantom is what allows it: without the right digest there the fill is refused."""
    content = yaml.safe_load((ROOT / "data.dvc").read_text(encoding="utf-8"))
    assert content["meta"]["phantom"] == content["outs"][0]["md5"]


def test_a_run_leaves_a_clean_tree_whatever_the_processor(tmp_path: Path) -> None:
    """dvc.lock was committed: another processor's weights changed it, in everybody's first hour."""

    def run(*command: str) -> str:
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    run("git", "init", "--quiet")
    (tmp_path / ".dvc").mkdir()
    for name in (".gitignore", ".dvc/config", ".dvc/.gitignore"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    stage = {"cmd": "mkdir -p artifacts && date +%s%N > artifacts/weights", "outs": ["artifacts/weights"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}), encoding="utf-8")
    run("git", "add", "--all")
    run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "A clone")
    run("dvc", "repro", "--quiet")
    first = (tmp_path / "dvc.lock").read_text(encoding="utf-8")
    run("dvc", "repro", "--quiet", "--force")
    assert (tmp_path / "dvc.lock").read_text(encoding="utf-8") != first
    assert run("git", "status", "--porcelain") == ""
