"""dvc.lock and data.dvc speak of the code, settings and data that are here."""

from __future__ import annotations

from pathlib import Path

import yaml
from dvc.repo import Repo

ROOT = Path(__file__).resolve().parents[1]
MADE_BY_A_RUN = ("data", "artifacts")


def test_dvc_lock_was_made_with_this_code_and_these_settings() -> None:
    """After a change of what a stage depends on: `make demo`, and commit dvc.lock with it."""
    stale = {}
    for stage in Repo(str(ROOT)).index.stages:
        for dependency in stage.deps:
            if not str(dependency).startswith(MADE_BY_A_RUN) and dependency.status():
                stale[stage.addressing] = str(dependency)
        if getattr(stage, "cmd_changed", False):
            stale[stage.addressing] = "its command"
    assert stale == {}


def test_a_clone_fills_its_empty_data_folder_with_the_phantom() -> None:
    """meta.phantom is what allows it: without the right digest there the fill is refused."""
    content = yaml.safe_load((ROOT / "data.dvc").read_text(encoding="utf-8"))
    assert content["meta"]["phantom"] == content["outs"][0]["md5"]
