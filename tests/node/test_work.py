"""A quiet study becomes files to send; whatever happens on the way, it is made or kept with its reason."""

from __future__ import annotations

import time

import grpc
import pytest
from pydicom import dcmread

from cbvsynth.errors import UnreachableError
from cbvsynth.node import work
from cbvsynth.node.journal import State
from cbvsynth.node.settings import NodeSettings
from cbvsynth.node.work import MOST_ATTEMPTS, back_off
from tests.node.parts import NAME, write_study
from tests.study.dicom.dicom_files import SCOUT, T2, write_series


def test_a_quiet_study_is_made_and_noted_before_anything_is_sent(tmp_path, start, capsys):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    assert not node.work(later_s=0.0), "it is not quiet yet"
    assert node.work()
    row = node.row()
    assert (row.state, row.maps, row.objects, row.sent) == (State.MADE, 1, 17, 0)
    number, objects, _ = node.journal.to_send(time.time())
    assert number == 1
    for one in objects:
        dataset = dcmread(node.folder / one.path)
        assert dataset.SOPInstanceUID == one.sop_uid
        assert dataset.StudyInstanceUID == "1.2.3.4"
    said = capsys.readouterr()
    assert NAME not in said.out + said.err
    assert list(node.files.incoming.iterdir()) == []


def test_a_node_killed_before_its_result_is_noted_makes_it_again(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    taken = node.journal.take(0.0, time.time() + 1)
    node.worker._make(taken, node.files.map(taken.digest, 1))
    node.kill()
    again = start()
    assert list(again.folder.rglob("map-1")) == [], "files that nobody knows are removed"
    assert again.row().state is State.RECEIVING
    assert again.work()
    assert again.row().state is State.MADE
    assert again.row().objects == 17


def test_what_comes_while_a_map_is_made_makes_it_void(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    more = write_series(tmp_path / "more", T2, number=3, study="1.2.3.4")
    synthesis = node.worker._synthesis

    def during(prepared):
        node.receive(more)
        return synthesis(prepared)

    node.worker._synthesis = during
    node.work()
    assert (node.row().state, node.row().objects) == (State.RECEIVING, 0)
    node.worker._synthesis = synthesis
    node.work()
    assert (node.row().state, node.row().maps, node.row().instances) == (State.MADE, 1, 24)


def sent(node) -> None:
    _, objects, _ = node.journal.to_send(time.time())
    for one in objects:
        node.journal.sent(one.sop_uid)
    node.journal.all_sent(1, time.time())


def test_late_images_that_change_no_input_give_no_second_map(tmp_path, start):
    node = start()
    files = write_study(tmp_path / "in")
    node.receive(files)
    node.work()
    sent(node)
    node.receive(files)
    assert node.row().state is State.SENT, "the same again"
    node.receive(write_series(tmp_path / "late", SCOUT, number=9, study="1.2.3.4"))
    assert node.row().state is State.RECEIVING
    node.work()
    assert (node.row().state, node.row().maps) == (State.SENT, 1)


def test_a_late_sequence_gives_a_further_map_once_it_is_quiet(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    node.work()
    node.receive(write_series(tmp_path / "late", T2, number=9, study="1.2.3.4"))
    assert node.row().state is State.MADE, "what is being sent goes on"
    sent(node)
    assert node.row().state is State.RECEIVING
    node.work()
    assert (node.row().state, node.row().maps, node.row().objects) == (State.MADE, 2, 34)
    assert len({path.parts[-2] for path in node.folder.rglob("parametric-map.dcm")}) == 2


def test_what_comes_after_the_images_were_deleted_asks_for_the_whole_study(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    node.work()
    sent(node)
    for study in node.journal.let_go(time.time() + 1, 0.0):
        node.files.delete(study)
    node.receive(write_series(tmp_path / "late", T2, number=9, study="1.2.3.4"))
    node.work()
    assert node.row().state is State.FAILED
    assert node.row().reason.startswith("16 of its objects were deleted after its map was sent")
    node.receive(write_study(tmp_path / "in"))
    node.work()
    assert (node.row().state, node.row().maps) == (State.MADE, 2)


def test_what_cannot_be_made_is_kept_with_its_reason_and_tried_when_it_is_sent_again(tmp_path, start, capsys):
    node = start()
    scouts = write_series(tmp_path / "in", SCOUT)
    node.receive(scouts)
    node.work()
    row = node.row()
    assert row.state is State.FAILED
    assert row.reason.startswith("No series of the folder can be used.")
    assert row.here == 8
    assert NAME not in row.reason + capsys.readouterr().err
    node.receive(scouts[:1])
    assert (node.row().state, node.row().reason) == (State.RECEIVING, "")


def test_a_server_that_is_away_is_waited_for(tmp_path, start, models):
    node = start(retry_s=0.5)
    node.receive(write_study(tmp_path / "in"))
    models.refusals += [(grpc.StatusCode.UNAVAILABLE, "away")] * 50
    for _ in range(3):
        node.work(later_s=10_000)
        assert (node.row().state, node.row().attempts) == (State.RECEIVING, 0)
        assert node.row().next_attempt > time.time()
    models.refusals.clear()
    node.work(later_s=10_000)
    assert node.row().state is State.MADE


def test_a_server_that_refuses_is_asked_some_times_and_no_more(tmp_path, start, models):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    models.reply = lambda cbv: cbv[..., :1]
    try:
        for _ in range(MOST_ATTEMPTS):
            assert node.row().state is State.RECEIVING
            node.work(later_s=10_000)
    finally:
        models.reply = None
    assert node.row().state is State.FAILED
    assert "The model answered with shape" in node.row().reason


def test_a_study_that_ends_the_process_each_time_comes_last_and_is_given_up(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    for _ in range(MOST_ATTEMPTS):
        assert node.journal.take(0.0, time.time() + 1) is not None
        node.journal.recover()
    node.receive(write_study(tmp_path / "other", "1.2.3.5"))
    assert node.journal.take(0.0, time.time() + 1).number == 2
    node.work()
    assert node.row().reason.startswith("The node was ended 10 times while it worked on it.")


def test_a_fault_of_the_node_keeps_the_study_and_says_no_word_of_it(tmp_path, start, capsys):
    node = start()
    node.receive(write_study(tmp_path / "in"))

    def fault(_):
        raise RuntimeError(NAME)

    node.worker._synthesis = fault
    node.work()
    assert node.row().reason.startswith("The node failed over it through a fault of its own")
    said = capsys.readouterr()
    assert "RuntimeError" in said.err
    assert NAME not in said.out + said.err


def test_told_to_stop_it_ends_between_two_stages(tmp_path, start):
    node = start()
    node.receive(write_study(tmp_path / "in"))
    node.stop.set()
    node.work()
    assert (node.row().state, node.row().attempts) == (State.RECEIVING, 0)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 30), (2, 60), (5, 480), (8, 3600), (1000, 3600)])
def test_tries_become_seldom(attempt, seconds):
    assert back_off(NodeSettings(), attempt) == seconds


def test_a_disk_that_is_full_is_waited_for(tmp_path, start, monkeypatch):
    node = start()
    node.receive(write_study(tmp_path / "in"))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(work, "make_result", full)
    node.work()
    assert (node.row().state, node.row().reason) == (State.RECEIVING, "The disk: No space left on device.")
    monkeypatch.undo()

    def away(_):
        raise UnreachableError("away")

    node.worker._synthesis = away
    node.work(later_s=10_000)
    assert node.row().reason == "away"
