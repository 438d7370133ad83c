"""Clients ask while versions come, go and break: a short form of benchmarks/serving_load.py."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.load_counts import Record, Reply, count
from benchmarks.load_models import LoadOptions
from benchmarks.serving_load import run_load
from cbvsynth.registry.store import Registry

EVENTS = {
    "promotions",
    "rollbacks",
    "canaries set",
    "canaries cleared",
    "half-copied folders",
    "changed versions refused",
    "unloadable versions refused",
}


@pytest.mark.slow
@pytest.mark.tensorflow
def test_no_request_is_lost_or_answered_by_another_model_while_everything_changes(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_database, "mlflow.db")
    options = LoadOptions(
        seconds=15, clients=8, shape=(20, 18, 4), base_channels=4, residual_blocks=1, pause_s=0.2
    )
    counts = run_load(options, tmp_path, Registry("sqlite:///mlflow.db", "cbvsynth"))
    assert counts.is_clean, str(counts)
    assert set(counts.events) == EVENTS
    assert min(counts.events.values()) >= 1
    assert set(counts.versions) == {1, 2, 3}
    assert counts.answered > 100


LIVE = [(0.0, frozenset({1, 2})), (10.0, frozenset({1}))]


def record(*replies: Reply, lost: list[str] | None = None) -> Record:
    return Record(list(replies), lost or [], LIVE, [(0.0, 5.0, 2), (6.0, float("inf"), 1)], Counter())


def test_replies_of_the_version_named_and_loaded_are_clean() -> None:
    moved_meanwhile = Reply(4.0, 7.0, 1, "stable", right=True)
    assert count(record(Reply(1.0, 2.0, 2, "best", right=True), moved_meanwhile)).is_clean


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (record(lost=["gone"]), "lost"),
        (record(Reply(1.0, 2.0, 2, "best", right=False)), "wrong"),
        (record(Reply(11.0, 12.0, 2, "without T1C", right=True)), "unattributed"),
        (record(Reply(7.0, 8.0, 2, "stable", right=True)), "stale"),
    ],
)
def test_everything_that_may_go_wrong_is_counted(seen: Record, kind: str) -> None:
    counts = count(seen)
    assert not counts.is_clean
    assert [name for name in ("lost", "wrong", "unattributed", "stale") if getattr(counts, name)] == [kind]


def test_without_an_answer_nothing_is_clean() -> None:
    assert not count(record()).is_clean
