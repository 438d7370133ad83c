"""The registry does what the verdict says, once, whole, and in an order that survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import RegistryError
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.records.verdicts import write_verdict
from cbvsynth.registry.champion import present_champion
from cbvsynth.registry.promotion import Promotion
from cbvsynth.registry.rollback import roll_back
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import (
    CARD,
    MODEL_ARTIFACT,
    SAVED_MODEL,
    aliases_of,
    fetch_artifact,
    list_versions,
    version_of,
)
from cbvsynth.steps.promote import run
from tests.k8s.stores.postgres import postgres
from tests.registry.promoters import promote_at_once
from tests.registry.trained_models import decide, train

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


def first_promotion() -> Promotion:
    train("encdec-t1c", 0.90)
    train("encdec-t2", 0.80)
    decide("encdec-t1c", by_availability={"t1c": "encdec-t1c", "t2": "encdec-t2", "t2-t1c": "encdec-t1c"})
    return run(PromoteConfig())


def state() -> tuple[dict[str, int], list[tuple[int, str, str]]]:
    registry = open_registry("cbvsynth")
    return aliases_of(registry), [(v.version, v.model, v.digest) for v in list_versions(registry)]


@pytest.mark.usefixtures("empty_registry")
def test_a_promotion_gives_versions_aliases_and_a_record() -> None:
    promotion = first_promotion()
    assert promotion.outcome is Outcome.PROMOTE
    assert (promotion.champion, promotion.champion_version, promotion.replaces) == ("encdec-t1c", 1, 0)
    aliases, versions = state()
    assert aliases == {"champion": 1, "available-t1c": 1, "available-t2": 2, "available-t2-t1c": 1}
    assert [model for _, model, _ in versions] == ["encdec-t1c", "encdec-t2"]
    assert (Path("artifacts/promote/promotion.json")).is_file()


@pytest.mark.usefixtures("empty_registry")
def test_every_registered_model_has_its_card_on_disk_and_in_the_registry(tmp_path: Path) -> None:
    first_promotion()
    train("encdec-adc", 0.7)
    registry = open_registry("cbvsynth")
    cards = {path.stem: path.read_text() for path in Path("artifacts/promote/model_cards").iterdir()}
    assert set(cards) == {"encdec-t1c", "encdec-t2"}
    for version in list_versions(registry):
        stored = fetch_artifact(registry, version, CARD, tmp_path / str(version.version))
        assert stored.read_text() == cards[version.model]
        assert cards[version.model].startswith(f"# Model card: {version.model}\n")
    described = registry.client.get_model_version("cbvsynth", "1")
    assert "model_card.md" in described.description


@pytest.mark.usefixtures("empty_registry")
def test_the_stored_model_is_the_scored_one_and_carries_its_evidence(tmp_path: Path) -> None:
    first_promotion()
    registry = open_registry("cbvsynth")
    champion = version_of(registry, "champion")
    assert champion is not None
    stored = fetch_artifact(registry, champion, MODEL_ARTIFACT, tmp_path / "copy")
    assert sha256_tree(stored / SAVED_MODEL) == sha256_tree(Path("artifacts/train/encdec-t1c/saved_model"))
    assert tree_digest(sha256_tree(stored / SAVED_MODEL)) == champion.digest
    assert champion.tags["target_unit"] == "mL/100g"
    assert champion.tags["data_fingerprint"] == "data-1"
    assert (fetch_artifact(registry, champion, "evaluation/verdict.json", tmp_path / "verdict")).is_file()


@pytest.mark.usefixtures("empty_registry")
def test_a_version_says_by_which_gate_it_came_in_and_the_next_verdict_is_told() -> None:
    """A refused model could replace the champion through looser limits, and the registry did not say so."""
    first_promotion()
    champion = version_of(open_registry("cbvsynth"), "champion")
    assert champion is not None
    assert champion.tags["gate"] == "this release's limits"
    held = present_champion("cbvsynth")
    assert held is not None
    assert held.settings == GateSettings()
    train("encdec-t1", 0.95)
    verdict = decide("encdec-t1", champion=(1, "encdec-t1c", champion.digest))
    loose = replace(verdict, loosened=("max_lesion_bias is 10, at most 1 expected",))
    write_verdict(Path("artifacts/evaluate/verdict.json"), loose)
    run(PromoteConfig())
    champion = version_of(open_registry("cbvsynth"), "champion")
    assert champion is not None
    assert champion.tags["gate"] == "LOOSENED: max_lesion_bias is 10, at most 1 expected"


@pytest.mark.usefixtures("empty_registry")
def test_promoting_again_changes_nothing() -> None:
    first_promotion()
    before = state()
    record = Path("artifacts/promote/promotion.json").read_bytes()
    run(PromoteConfig())
    assert state() == before
    assert Path("artifacts/promote/promotion.json").read_bytes() == record


def test_evaluate_finds_the_champion_with_its_scores() -> None:
    assert present_champion("cbvsynth") is None
    assert not Path("mlflow.db").exists(), "asking for a champion must not make a registry"
    first_promotion()
    champion = present_champion("cbvsynth")
    assert champion is not None
    assert (champion.version, champion.model) == (1, "encdec-t1c")
    assert len(champion.scores) == 12


@pytest.mark.usefixtures("empty_registry")
def test_a_better_candidate_replaces_the_champion_and_rollback_brings_it_back() -> None:
    first_promotion()
    before, _ = state()
    champion = present_champion("cbvsynth")
    assert champion is not None
    train("fcgan-t1c", 0.95)
    decide(
        "fcgan-t1c",
        champion=(1, champion.model, champion.digest),
        by_availability={"t1c": "fcgan-t1c", "t2": "encdec-t2"},
    )
    promotion = run(PromoteConfig())
    assert (promotion.champion, promotion.replaces) == ("fcgan-t1c", 1)
    after, _ = state()
    assert after == {"champion": 3, "available-t1c": 3, "available-t2": 2}
    was, now = roll_back(open_registry("cbvsynth"))
    assert (was.version, now.version) == (3, 1)
    assert state()[0] == before
    roll_back(open_registry("cbvsynth"), 3)
    assert state()[0] == after


@pytest.mark.usefixtures("empty_registry")
def test_a_candidate_that_is_not_better_becomes_challenger_and_moves_no_other_alias() -> None:
    first_promotion()
    champion = present_champion("cbvsynth")
    assert champion is not None
    train("fcgan-t1c", 0.90)
    decide("fcgan-t1c", Outcome.NOT_BETTER, (1, champion.model, champion.digest))
    assert run(PromoteConfig()).champion == "encdec-t1c"
    aliases, _ = state()
    assert aliases["champion"] == 1
    assert aliases["challenger"] == 3
    assert aliases["available-t1c"] == 1


@pytest.mark.usefixtures("empty_registry")
@pytest.mark.parametrize("outcome", [Outcome.NO_MODEL_PASSES, Outcome.NOT_COMPARABLE])
def test_other_outcomes_register_nothing_but_runs(outcome: Outcome) -> None:
    train("encdec-t1c", 0.5)
    decide("encdec-t1c", outcome, by_availability={})
    assert run(PromoteConfig()).champion == ""
    assert state() == ({}, [])


@pytest.mark.usefixtures("empty_registry")
def test_a_verdict_against_another_champion_is_refused() -> None:
    first_promotion()
    train("fcgan-t1c", 0.95)
    decide("fcgan-t1c", champion=None)
    with pytest.raises(RegistryError, match="no longer the one that the verdict was compared with"):
        run(PromoteConfig())
    assert state()[0]["champion"] == 1


@pytest.mark.usefixtures("empty_registry")
def test_a_lost_database_is_rebuilt_by_promoting_again() -> None:
    first_promotion()
    before = state()
    Path("mlflow.db").rename("lost.db")  # this process still has it open
    process = start_promotion()
    assert process.communicate()[1].decode() == ""
    shown = subprocess.run(
        [sys.executable, "-m", "cbvsynth.cli", "registry", "list"], capture_output=True, text=True, check=True
    ).stdout
    assert "encdec-t1c" in shown
    assert "champion, best for 2 sets of" in shown
    Path("mlflow.db").replace("rebuilt.db")
    Path("lost.db").rename("mlflow.db")
    assert state() == before


def test_a_registry_that_does_not_answer_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match="cannot be used") as caught:
        present_champion("cbvsynth")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_clear_line() -> None:
    Path("mlflow.db").write_text("not a database" * 100)
    with pytest.raises(RegistryError, match="cannot be used"):
        present_champion("cbvsynth")


def start_promotion() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "components.promote"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_eight_promotions_at_once_on_a_missing_registry_end_as_one() -> None:
    train("encdec-t1c", 0.9)
    decide("encdec-t1c")
    assert promote_at_once(8) == "0 0 0 0 0 0 0 0"
    aliases, versions = state()
    assert len(versions) == 1
    assert aliases["champion"] == 1


def test_eight_promotions_at_once_on_a_new_postgresql_end_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that bring a database its tables at the same time end each other."""
    with postgres() as database:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", database.sqlalchemy_address)
        test_eight_promotions_at_once_on_a_missing_registry_end_as_one()


@pytest.mark.usefixtures("empty_registry")
def test_mlflow_is_imported_and_asked_before_the_lock_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each promoter imported MLflow under the lock, a minute on a busy machine: of eight the last waited for
    seven imports, and one of four had not ended after seven minutes."""
    taken, lock = [], Registry.lock

    def watched(registry: Registry) -> AbstractContextManager[None]:
        taken.append("client" in vars(registry))
        return lock(registry)

    monkeypatch.setattr(Registry, "lock", watched)
    first_promotion()
    assert taken
    assert all(taken)


def test_a_promotion_killed_at_any_moment_leaves_whole_models_and_can_go_on(tmp_path: Path) -> None:
    for model, ssim in (("encdec-t1c", 0.9), ("encdec-t2", 0.8), ("fcgan-adc", 0.7)):
        train(model, ssim)
    decide("encdec-t1c", by_availability={"t1c": "encdec-t1c", "t2": "encdec-t2", "adc": "fcgan-adc"})
    for delay_s in (2.0, 3.0, 4.0, 5.0):
        process = start_promotion()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if not Path("mlflow.db").exists():
            continue
        for number, (alias, version) in enumerate(aliases_of(open_registry("cbvsynth")).items()):
            found = version_of(open_registry("cbvsynth"), alias)
            assert found is not None
            stored = fetch_artifact(
                open_registry("cbvsynth"), found, MODEL_ARTIFACT, tmp_path / f"{delay_s}-{number}-{version}"
            )
            assert tree_digest(sha256_tree(stored / SAVED_MODEL)) == found.digest
    run(PromoteConfig())
    aliases, versions = state()
    assert sorted(model for _, model, _ in versions) == ["encdec-t1c", "encdec-t2", "fcgan-adc"]
    assert set(aliases) == {"champion", "available-t1c", "available-t2", "available-adc"}
