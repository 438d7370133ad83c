"""The queue: what was begun is finished, by another process too; a cancelled study stays cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import grpc
import numpy as np
import pytest

from cbvsynth.errors import ReplyError
from cbvsynth.page.settings import PageSettings
from cbvsynth.page.studies import State, Store, Upload
from cbvsynth.page.worker import Worker
from tests.client.heads import AFFINES, image, write
from tests.page.running import running

DONE = (State.DONE, State.FAILED, State.CANCELLED)


def queued(store: Store, head: Path, owner: str = "o") -> str:
    study = store.create(owner, 10)
    (store.folder(study.id) / "files/1.nii.gz").write_bytes(head.read_bytes())
    store.add(study.id, Upload("t1.nii.gz", "1.nii.gz", 1))
    store.change(
        study.id,
        lambda one: replace(one, state=State.QUEUED, queued=time.time(), images={"t1": "files/1.nii.gz"}),
    )
    return study.id


def wait(store: Store, study: str, is_over: Callable[[State], bool] = DONE.__contains__) -> State:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        if is_over(store.get(study).state):
            break
        time.sleep(0.02)
    return store.get(study).state


def worker(store: Store, synthesis, tmp_path: Path, warm=lambda: None, hours: float = 24.0) -> Worker:
    made = Worker(store, synthesis, warm, PageSettings(model_cards=tmp_path / "cards", keep_hours=hours))
    made.start()
    return made


def test_what_a_killed_process_had_begun_is_made_after_the_next_start(tmp_path, head):
    store = Store(tmp_path)
    study = queued(store, head["t1.nii.gz"])
    store.change(study, lambda one: replace(one, state=State.RUNNING, stage="registering"))
    with running(tmp_path) as started:
        again = started.page.store
        assert wait(again, study) is State.DONE
        assert set(again.get(study).stages) == {"reading", "registering", "brain mask", "synthesis"}


def test_a_visit_outlives_a_restart(tmp_path, head):
    with running(tmp_path) as started:
        visitor = started.visitor()
        study = visitor.map({"t1.nii.gz": head["t1.nii.gz"]})
    with running(tmp_path) as started:
        visitor.port = started.port
        assert visitor.study(study["id"])["state"] == "done"
        assert visitor.ask("GET", f"/api/studies/{study['id']}/view/cbv.nii")[0] == 200


def test_one_that_fails_stops_no_other_and_is_tried_again(tmp_path, head):
    with running(tmp_path) as started:
        visitor = started.visitor()
        refusal = (grpc.StatusCode.RESOURCE_EXHAUSTED, "no room")
        started.server.refusals += [refusal] * 20
        first = visitor.map({"t1.nii.gz": head["t1.nii.gz"]})
        assert first["state"] == "failed"
        assert "no room" in first["error"]
        started.server.refusals.clear()
        assert visitor.map({"t1.nii.gz": head["t1.nii.gz"]})["state"] == "done"
        assert visitor.act(first["id"], "start") == (204, "")
        assert visitor.wait(first["id"])["state"] == "done"


def test_nothing_of_a_cancelled_map_is_in_the_next_one(tmp_path, head):
    """One cancelled in its last stage left its layers; the next map's regions were measured with them."""
    cbv = write(tmp_path / "cbv.nii.gz", image("t1") / np.float32(100), AFFINES["RAS"])
    with running(tmp_path / "page") as started:
        visitor = started.visitor()
        study = visitor.give({"t1.nii.gz": head["t1.nii.gz"], "cbv.nii.gz": cbv})
        key = {row["role"]: row["key"] for row in visitor.study(study)["rows"]}["cbv"]
        started.server.delay_s = 0.2
        assert visitor.act(study, "start") == (204, "")
        while visitor.study(study)["stage"] != "synthesis":
            time.sleep(0.02)
        assert visitor.act(study, "cancel") == (204, "")
        assert visitor.wait(study)["state"] == "cancelled"
        started.server.delay_s = 0.0
        (started.page.store.folder(study) / "results/cbv-dicom.zip").write_bytes(b"of an earlier map")
        assert visitor.act(study, "recognise", {"roles": {key: ""}}) == (204, "")
        assert visitor.act(study, "start") == (204, "")
        assert visitor.wait(study)["result"]["layers"] == ["t1", "cbv", "mask"]
        assert {one.stem for one in (started.page.store.folder(study) / "view").iterdir()} == {
            *("t1", "cbv", "mask", "white")
        }
        assert visitor.ask("GET", f"/api/studies/{study}/results/cbv-dicom.zip")[0] == 404


def test_an_image_that_is_gone_is_said(tmp_path, head):
    """It was left out without a word, and the map made of the others."""
    store = Store(tmp_path)
    study = queued(store, head["t1.nii.gz"])
    store.change(study, lambda one: replace(one, images={**one.images, "t1c": "files/2.nii.gz"}))
    runs = worker(store, None, tmp_path)
    assert wait(store, study) is State.FAILED
    runs.stop()
    assert "T1C" in store.get(study).error
    assert str(tmp_path) not in store.get(study).error


def test_one_cancelled_as_it_is_taken_out_of_the_queue_stays_cancelled(tmp_path, head):
    """Its map was made, and its images read while they could be sorted anew."""
    store = Store(tmp_path)
    study = queued(store, head["t1.nii.gz"])
    taken = store.next_queued()
    store.change(study, lambda one: replace(one, state=State.CANCELLED))
    Worker(store, None, lambda: None, PageSettings())._work(taken)
    assert store.get(study).state is State.CANCELLED


def test_several_wait_in_their_order_and_are_cancelled(tmp_path, head):
    store, go, order = Store(tmp_path), Event(), []

    def synthesis(_):
        order.append(1)
        go.wait(20)
        raise ReplyError("no map here")

    first, second = (queued(store, head["t1.nii.gz"]) for _ in range(2))
    runs = worker(store, synthesis, tmp_path)
    assert wait(store, first, lambda state: state is State.RUNNING) is State.RUNNING
    while not order:
        time.sleep(0.01)
    assert store.next_queued().id == second
    store.change(second, lambda one: replace(one, cancel=True))
    go.set()
    assert (wait(store, first), store.get(first).error) == (State.FAILED, "no map here")
    assert wait(store, second) is State.CANCELLED
    assert len(order) == 1
    runs.stop()


def test_a_deleted_one_leaves_nothing(tmp_path, head):
    """A map that was finished after its examination was deleted used to be able to come back to the disk."""
    store, go, begun = Store(tmp_path), Event(), Event()

    def synthesis(_):
        begun.set()
        go.wait(20)
        raise ReplyError("too late")

    study = queued(store, head["t1.nii.gz"])
    runs = worker(store, synthesis, tmp_path)
    assert begun.wait(30)
    store.delete(study)
    go.set()
    runs.stop()
    assert store.get(study) is None
    assert not store.folder(study).exists()


def test_a_fault_of_ours_is_not_shown_and_the_queue_goes_on(tmp_path, head, capfd):
    store = Store(tmp_path)

    def synthesis(_):
        raise RuntimeError("secret detail")

    studies = [queued(store, head["t1.nii.gz"]) for _ in range(2)]
    runs = worker(store, synthesis, tmp_path)
    for study in studies:
        assert wait(store, study) is State.FAILED
        assert "fault of its own" in store.get(study).error
        assert "secret" not in store.get(study).error
    runs.stop()
    assert "secret detail" in capfd.readouterr().err


def test_what_is_old_is_deleted(tmp_path, head):
    store = Store(tmp_path)
    study = queued(store, head["t1.nii.gz"])
    store.change(study, lambda one: replace(one, state=State.DONE, created=time.time() - 7200))
    runs = worker(store, None, tmp_path, hours=1.0)
    limit = time.monotonic() + 10
    while store.get(study) is not None and time.monotonic() < limit:
        time.sleep(0.02)
    runs.stop()
    assert not store.folder(study).exists()


def test_a_registry_that_is_not_there_at_the_start_is_a_warning(tmp_path, capfd):
    def warm():
        raise ReplyError("no champion yet")

    worker(Store(tmp_path), None, tmp_path, warm).stop()
    assert "warning: no champion yet" in capfd.readouterr().err


@pytest.mark.parametrize("state", [State.DONE, State.FAILED])
def test_what_is_over_is_not_begun_again(tmp_path, head, state):
    store = Store(tmp_path)
    study = queued(store, head["t1.nii.gz"])
    store.change(study, lambda one: replace(one, state=state))
    store.requeue()
    assert store.get(study).state is state
