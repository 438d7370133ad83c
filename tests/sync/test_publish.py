"""A label moves only to a version that is loaded and right; until then everything stays."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path

import grpc
import pytest

from cbvsynth.errors import ModelError, RefusedError, UnreachableError
from cbvsynth.records.selection import Selection
from cbvsynth.sync.publish import ServerConfirm, publish, withdraw
from cbvsynth.sync.repository import Repository
from tests.client.prediction_server import PredictionServer, describe, serve
from tests.sync.model_folders import filled, selection

pytestmark = pytest.mark.slow

OLD = selection(1, stable=1)
NEW = selection(1, 2, stable=2, previous=1)


class Witness:
    """Notes what the server is told at the moment when it is asked; `wrong` is its answer."""

    def __init__(self, wrong: Mapping[int, str] | None = None) -> None:
        self.told: list[str] = []
        self.clients: list[Selection | None] = []
        self.asked: list[int] = []
        self.wrong = wrong or {}

    def __call__(self, repository: Repository, versions: Collection[int]) -> Mapping[int, str]:
        self.told.append(repository.config_text())
        self.clients.append(repository.published())
        self.asked += versions
        return self.wrong


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = filled(tmp_path / "models", 1, 2)
    publish(made, OLD, None, lambda: None)
    return made


def test_the_first_sync_has_nobody_to_wait_for(tmp_path: Path) -> None:
    repository = filled(tmp_path / "models", 1)
    witness = Witness()
    assert publish(repository, OLD, witness, lambda: pytest.fail("waited")).changed
    assert witness.asked == []
    assert repository.published() == OLD
    assert repository.config_text() == repository.config(OLD).to_text()


def test_labels_move_after_the_new_version_was_loaded_beside_the_old(repository: Repository) -> None:
    witness = Witness()
    assert publish(repository, NEW, witness, lambda: pytest.fail("waited")).changed
    assert witness.asked == [2]
    assert witness.told == [repository.config(OLD, also=[2]).to_text()]
    assert witness.clients == [OLD]
    assert repository.published() == NEW
    assert repository.config_text() == repository.config(NEW).to_text()


def test_without_a_server_labels_move_after_a_pause(repository: Repository) -> None:
    told = []
    assert publish(repository, NEW, None, lambda: told.append(repository.config_text())).changed
    assert told == [repository.config(OLD, also=[2]).to_text()]
    assert repository.published() == NEW


def test_the_same_again_changes_nothing(repository: Repository) -> None:
    before = (repository.root / "models.config").stat().st_mtime_ns
    assert not publish(repository, OLD, None, lambda: pytest.fail("waited")).changed
    assert (repository.root / "models.config").stat().st_mtime_ns == before


def test_going_back_waits_for_nobody(repository: Repository) -> None:
    publish(repository, NEW, None, lambda: None)
    assert publish(repository, OLD, Witness(), lambda: pytest.fail("waited")).changed
    assert repository.published() == OLD


def test_a_wrong_answer_leaves_everything_as_it_was(repository: Repository) -> None:
    before = repository.config_text()
    with pytest.raises(ModelError, match=r"Version 2 .*: off by 3"):
        publish(repository, NEW, Witness({2: "off by 3"}), lambda: None)
    assert repository.config_text() == before
    assert repository.published() == OLD


def test_a_wrong_version_that_is_not_the_champion_is_left_out(tmp_path: Path) -> None:
    """One new version that the server could not load held up the champion that came with it."""
    repository = filled(tmp_path / "models", 1, 2, 3)
    publish(repository, OLD, None, lambda: None)
    wanted = selection(1, 2, 3, stable=2, previous=1, canary=3)
    done = publish(repository, wanted, Witness({3: "off by 3"}), lambda: None)
    assert done.changed
    assert done.wrong == {3: "off by 3"}
    assert done.selection == repository.published() == NEW
    assert repository.config_text() == repository.config(NEW).to_text()


def test_the_first_and_only_version_can_be_withdrawn(repository: Repository) -> None:
    withdraw(repository, {1})
    left = repository.published()
    assert left is not None
    assert left.versions == ()
    assert "config {" not in repository.config_text()


def server_with(*numbers: int) -> PredictionServer:
    return PredictionServer({number: describe("encdec-t1c") for number in numbers})


def test_a_version_that_the_server_cannot_load_is_not_waited_for(repository: Repository) -> None:
    server = server_with(1)
    server.broken = {2: "saved_model.pb is damaged."}
    with (
        serve(server),
        pytest.raises(ModelError, match=r"Version 2 .*cannot load it: saved_model\.pb is damaged"),
    ):
        publish(repository, NEW, ServerConfirm(server.address, 60, broken_s=0.6), lambda: None)
    assert repository.published() == OLD


def test_a_server_that_is_about_to_look_again_is_given_the_time(repository: Repository) -> None:
    server = server_with(1)
    server.broken = {2: "the file that is replaced meanwhile is damaged"}

    def mend() -> None:
        server.versions, server.broken = server_with(1, 2).versions, {}

    with serve(server):
        threading.Timer(0.7, mend).start()
        assert publish(repository, NEW, ServerConfirm(server.address, 60, broken_s=5), lambda: None).changed
    assert repository.published() == NEW


def test_a_server_that_answers_golden_requests_rightly_gets_the_labels(repository: Repository) -> None:
    with serve(server_with(1, 2)) as server:
        assert publish(repository, NEW, ServerConfirm(server.address, 5), lambda: None).changed
    assert repository.published() == NEW


def test_a_server_that_has_loaded_another_model_is_found_out(repository: Repository) -> None:
    server = server_with(1, 2)
    server.reply = lambda cbv: cbv * 1.1
    with serve(server), pytest.raises(ModelError, match=r"deviation of .*, expected at most 0\.025"):
        publish(repository, NEW, ServerConfirm(server.address, 5), lambda: None)
    assert repository.published() == OLD


def test_a_version_that_is_never_loaded_leaves_everything_as_it_was(repository: Repository) -> None:
    before = repository.config_text()
    with (
        serve(server_with(1)) as server,
        pytest.raises(UnreachableError, match=r"version 2 of 'cbvsynth' is not loaded.*not moved"),
    ):
        publish(repository, NEW, ServerConfirm(server.address, 0.6), lambda: None)
    assert repository.config_text() == before


def test_a_server_that_does_not_know_the_model_is_waited_for(repository: Repository) -> None:
    server = server_with(1)
    server.name = "other"
    with serve(server), pytest.raises(UnreachableError, match="does not know 'cbvsynth' yet"):
        publish(repository, NEW, ServerConfirm(server.address, 0.6), lambda: None)


def test_a_server_that_is_not_there_is_named(repository: Repository) -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 was given 0\.6 s, and it does not answer"):
        publish(repository, NEW, ServerConfirm("127.0.0.1:1", 0.6), lambda: None)
    assert repository.published() == OLD


def test_something_else_than_a_prediction_server_is_not_waited_for(repository: Repository) -> None:
    server = server_with(1, 2)
    server.status = lambda request, context: context.abort(grpc.StatusCode.UNIMPLEMENTED, "what?")  # type: ignore[method-assign]
    with serve(server), pytest.raises(RefusedError, match="UNIMPLEMENTED"):
        publish(repository, NEW, ServerConfirm(server.address, 30), lambda: None)
    assert repository.published() == OLD
