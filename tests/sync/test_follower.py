"""From a real registry to the folder that a server reads."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.commands.registry import canary, rollback
from cbvsynth.errors import ModelError, RegistryError, StorageError, UnreachableError
from cbvsynth.records.selection import read_selection
from cbvsynth.registry.store import open_registry
from cbvsynth.sync.follower import Follower
from cbvsynth.sync.options import Mode, SyncOptions
from cbvsynth.sync.repository import Repository
from tests.registry.odd_versions import delete, foreign_version, point, tag
from tests.registry.trained_models import program_of
from tests.sync.promoted import MODELS, crown, labels, sync

pytestmark = pytest.mark.slow


def test_what_the_registry_names_is_served_and_the_client_can_read_it(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sync()
    selection = read_selection(MODELS / "selection.json")
    assert selection.labels == {"stable": 2, "previous": 1}
    assert {one.version: (one.model.slug, one.ssim) for one in selection.versions} == {
        1: ("encdec-t1c", 0.8),
        2: ("encdec-t1-t1c", 0.85),
    }
    assert {pattern.slug: number for pattern, number in selection.patterns.items()} == {"t1c": 1, "t1-t1c": 2}
    assert (MODELS / "cbvsynth/2/saved_model.pb").read_bytes() == program_of("encdec-t1-t1c")
    assert f'base_path: "{MODELS.resolve() / "cbvsynth"}"' in (MODELS / "models.config").read_text()
    assert "stable is version 2" in capsys.readouterr().out
    sync(served_path="/models")
    assert 'base_path: "/models/cbvsynth"' in (MODELS / "models.config").read_text()


def test_rollback_and_canary_move_labels_and_copy_nothing(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sync()
    shutil.rmtree("mlartifacts")  # a copy would now fail
    rollback()
    sync()
    assert labels()["stable"] == 1
    canary(version=2)
    sync()
    assert labels() == {"stable": 1, "canary": 2}
    capsys.readouterr()
    canary()
    canary(clear=1)
    canary()
    canary(clear=1)
    lines = capsys.readouterr().out.splitlines()
    assert "version 2 (encdec-t1-t1c)" in lines[0]
    assert "it was version 2" in lines[1]
    assert lines[2].endswith("none")
    assert lines[3].endswith("had none")
    sync()
    assert labels() == {"stable": 1}


def test_one_flipped_byte_in_the_registry_is_not_published_and_the_old_one_stays(promoted: None) -> None:
    sync()
    before = (MODELS / "models.config").read_text()
    crown("encdec-t1-t1c-adc", 0.9)
    (stored,) = (
        path for path in Path("mlartifacts").rglob("variables.data*") if b"t1c-adc" in path.read_bytes()
    )
    content = bytearray(stored.read_bytes())
    content[0] ^= 1
    stored.write_bytes(content)
    with pytest.raises(ModelError, match=r"Version 3 of 'cbvsynth': 'variables/.*' differs"):
        sync()
    assert (MODELS / "models.config").read_text() == before
    assert labels() == {"stable": 2, "previous": 1}
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["1", "2"]


def test_a_damaged_version_to_go_back_to_does_not_hold_up_its_successor(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a promotion that could not be served, the next one named it as `previous` and got stuck too."""
    crown("encdec-t1-t1c-adc", 0.9)
    (stored,) = (
        path
        for path in Path("mlartifacts").rglob("saved_model.pb")
        if path.read_bytes() == program_of("encdec-t1-t1c")
    )
    stored.write_bytes(b"damaged")
    sync()
    assert labels() == {"stable": 3}
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["3"]
    assert "Version 2 of 'cbvsynth': 'saved_model.pb' differs" in capsys.readouterr().err


def test_a_damaged_champion_is_not_excused_as_what_is_kept_to_go_back_to(promoted: None) -> None:
    sync()
    crown("encdec-t1-t1c-adc", 0.9)
    for stored in Path("mlartifacts").rglob("saved_model.pb"):
        if stored.read_bytes() == program_of("encdec-t1-t1c-adc"):
            stored.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="Version 3 of 'cbvsynth'"):
        sync()
    assert labels() == {"stable": 2, "previous": 1}


def test_a_registry_that_is_lost_leaves_what_is_served(promoted: None, monkeypatch: Any) -> None:
    sync()
    before = (MODELS / "models.config").read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"http://127\.0\.0\.1:1"):
        sync()
    assert (MODELS / "models.config").read_bytes() == before
    assert labels()["stable"] == 2


def test_without_a_champion_nothing_is_written(empty_registry: None) -> None:
    with pytest.raises(RegistryError, match="has no champion"):
        sync()
    assert not (MODELS / "models.config").exists()


def test_a_version_whose_files_are_gone_is_an_error_that_says_so(promoted: None) -> None:
    shutil.rmtree("mlartifacts")
    with pytest.raises(RegistryError, match="has no artefact 'model/tf2model'"):
        sync()
    assert not (MODELS / "models.config").exists()


def test_a_full_disk_is_named_and_nothing_is_published(promoted: None) -> None:
    """The limit on a file's size stands in for a full disk: MLflow hands both on as text."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, former[1]))
    try:
        with pytest.raises(StorageError, match="larger than allowed"):
            sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert not (MODELS / "models.config").exists()
    assert list((MODELS / "cbvsynth").iterdir()) == []


def test_old_versions_are_kept_as_told_and_served_ones_always(promoted: None) -> None:
    sync()
    crown("encdec-t1-t1c-adc", 0.9)
    sync(keep=0)
    sync(keep=0)
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["2", "3"]
    assert labels() == {"stable": 3, "previous": 2}


def test_a_damaged_selection_is_written_anew(promoted: None, capsys: pytest.CaptureFixture[str]) -> None:
    sync()
    (MODELS / "selection.json").write_text("{")
    sync()
    assert labels()["stable"] == 2
    assert "selection.json is not a selection of models" in capsys.readouterr().err


def versions_served() -> list[int]:
    return [one.version for one in read_selection(MODELS / "selection.json").versions]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_version_of_somebody_else_is_left_out_and_the_rest_is_served(
    promoted: None, capsys: pytest.CaptureFixture[str], mode: Mode
) -> None:
    """One version without our tags, registered in MLflow by hand, stopped sync in every mode."""
    foreign = foreign_version()
    for alias in ("canary", "available-t2"):
        point(alias, foreign)
    sync(mode=mode)
    assert labels() == {"stable": 2, "previous": 1}
    assert versions_served() == [1, 2]
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: Version {foreign} has the tags model ''")
    assert warnings[0].endswith("It is left out; the others are served.")


def forget_its_files(version: int) -> None:
    run_id = open_registry("cbvsynth").client.get_model_version("cbvsynth", str(version)).run_id
    (stored,) = Path("mlartifacts").rglob(f"{run_id}/artifacts/model")
    shutil.rmtree(stored)


DAMAGES = {
    "no model": (lambda version: tag(version, "model", "what?"), "has the tags model 'what?'"),
    "no unit": (lambda version: tag(version, "target_unit", "litres"), "target_unit 'litres'"),
    "no list": (lambda version: tag(version, "saved_model_sha256", "{"), "no list of its files' digests"),
    "a list": (lambda version: tag(version, "saved_model_sha256", "[1]"), "no list of its files' digests"),
    "other files": (
        lambda version: tag(version, "saved_model_sha256", json.dumps({"saved_model.pb": "00"})),
        "expected what was promoted",
    ),
    "no digest": (lambda version: tag(version, "saved_model_digest", ""), "not the one that its digest"),
    "no files": (forget_its_files, "has no artefact 'model/tf2model'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_version_that_is_best_for_some_sequences_is_left_out(
    promoted: None, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    spoil, words = DAMAGES[damage]
    spoil(1)
    sync()
    assert labels() == {"stable": 2}
    assert versions_served() == [2]
    shown = capsys.readouterr().err
    assert words in shown
    assert "Version 1 " in shown
    assert shown.count("warning: ") == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_champion_is_an_error_and_what_is_served_stays(promoted: None, damage: str) -> None:
    sync()
    before = (MODELS / "models.config").read_text()
    crown("encdec-t1-t1c-adc", 0.9)
    spoil, words = DAMAGES[damage]
    spoil(3)
    with pytest.raises((RegistryError, ModelError), match=re.escape(words)) as caught:
        sync()
    assert "Version 3 " in str(caught.value)
    assert "what is served stays" in str(caught.value)
    assert (MODELS / "models.config").read_text() == before
    assert labels() == {"stable": 2, "previous": 1}


def test_versions_that_were_deleted_are_left_out_whoever_names_them(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alias that outlived its version stopped sync."""
    delete(1, "available-t1c", "canary")
    sync()
    assert labels() == {"stable": 2}
    assert versions_served() == [2]
    shown = capsys.readouterr().err
    assert "Version 1, which the alias 'available-t1c', 'canary' points at, was deleted" in shown


def test_a_champion_that_was_deleted_is_an_error_and_what_is_served_stays(promoted: None) -> None:
    sync()
    delete(2, "champion")
    with pytest.raises(RegistryError, match=r"champion of .* cannot be served.*Version 2, .* deleted"):
        sync()
    assert labels() == {"stable": 2, "previous": 1}


def test_an_alias_at_a_model_that_needs_more_sequences_is_left_out(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    point("available-t2", 2)
    sync()
    assert labels() == {"stable": 2, "previous": 1}
    assert "The alias 'available-t2' points at version 2, encdec-t1-t1c" in capsys.readouterr().err


def test_a_run_that_was_deleted_costs_a_version_its_score_alone(promoted: None) -> None:
    foreign = foreign_version(model="encdec-t2", target_unit="mL/100g")
    point("available-t2", foreign)
    sync()
    assert versions_served() == [1, 2]


def watching(**changes: Any) -> Follower:
    return Follower(
        SyncOptions(**({"watch": 1, "base_path": MODELS, "interval_s": 0.01} | changes)),
        open_registry("cbvsynth"),
        Repository(MODELS, "cbvsynth", str(MODELS.resolve())),
    )


DAMAGE: dict[str, Callable[[], object]] = {
    "a served version is deleted": lambda: shutil.rmtree(MODELS / "cbvsynth/2"),
    "the version to go back to is deleted": lambda: shutil.rmtree(MODELS / "cbvsynth/1"),
    "selection.json is deleted": (MODELS / "selection.json").unlink,
    "selection.json is damaged": lambda: (MODELS / "selection.json").write_text("{"),
    "selection.json is an older one": lambda: (MODELS / "selection.json").write_text(
        (MODELS / "selection.json").read_text().replace("0.85", "0.5")
    ),
    "models.config is deleted": (MODELS / "models.config").unlink,
    "models.config is no text": lambda: (MODELS / "models.config").write_bytes(b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_changes_in_the_folder_is_mended_at_the_next_look(
    promoted: None, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    """A quiet registry was enough to call it settled: what was deleted stayed so, and a damaged
    selection.json failed every round until somebody started sync again."""
    follower = watching()
    with follower.repository.lock():
        follower.round()
        before = {path: path.read_bytes() for path in MODELS.rglob("*.*") if path.is_file()}
        DAMAGE[damage]()
        follower.round()
        assert {path: path.read_bytes() for path in MODELS.rglob("*.*") if path.is_file()} == before
        assert follower.labels() == {"stable": 2, "previous": 1}
        capsys.readouterr()
        follower.round()
    assert capsys.readouterr().out == "", "nothing was looked at again"


def test_the_server_is_asked_again_for_a_version_that_had_gone(promoted: None) -> None:
    """It had unloaded what was deleted, and was believed to answer rightly without another question."""
    sync()
    follower = watching(server="127.0.0.1:1", wait_s=0.1)
    follower.confirmed = {one.digest for one in read_selection(MODELS / "selection.json").versions}
    follower.round()
    shutil.rmtree(MODELS / "cbvsynth/2")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 .*does not answer"):
        follower.round()
    assert (MODELS / "cbvsynth/2").is_dir()


def test_what_was_left_out_is_tried_again_and_a_quiet_registry_is_not(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = program_of("encdec-t1c")
    stored = next(path for path in Path("mlartifacts").rglob("saved_model.pb") if path.read_bytes() == whole)
    stored.write_bytes(b"damaged")
    follower = watching()
    with follower.repository.lock():
        follower.round()
        stored.write_bytes(whole)
        assert labels() == {"stable": 2}
        for _ in range(11):
            follower.round()
        assert labels() == {"stable": 2, "previous": 1}
        capsys.readouterr()
        for _ in range(30):
            follower.round()
    assert capsys.readouterr().out == "", "nothing was looked at again"
