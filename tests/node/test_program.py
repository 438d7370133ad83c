"""A phantom study goes into the node as a scanner sends it, and its map is in a real PACS."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import time
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from cbvsynth.cli import main
from cbvsynth.errors import UsageError
from cbvsynth.node import program
from cbvsynth.node.journal import Journal, State, read_rows
from cbvsynth.node.settings import NodeSettings
from tests.node.pacs import Pacs, running_pacs
from tests.node.parts import NAME, PATIENT, Node, write_study
from tests.node.programs import echoscu, running_node, storescu
from tests.study.dicom.dicom_files import SCOUT, write_series

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    with running_pacs(tmp_path_factory.mktemp("pacs")) as started:
        yield started


def states(folder: Path) -> list[State]:
    return [row.state for row in read_rows(folder)]


def wait_for(folder: Path, expected: list[State], seconds: float = 90.0) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if states(folder) == expected:
            return
        time.sleep(0.2)
    raise AssertionError(states(folder))


def delete_all(pacs: Pacs) -> None:
    for study in pacs.ask("/studies"):
        pacs.ask(f"/studies/{study}", "DELETE")


def test_a_study_sent_by_storescu_is_answered_in_the_pacs(tmp_path, pacs, models, capsys):
    """What is read back by Orthanc's REST API is the map on the slices of T1C, in the patient's study."""
    delete_all(pacs)
    files = write_study(tmp_path / NAME)
    scouts = write_series(tmp_path / "scout", SCOUT, study="1.2.3.6")
    with running_node(tmp_path / "node", pacs.address, models.address) as node:
        assert echoscu(node.port) == 0
        assert storescu(node.port, [*files, *scouts]).returncode == 0
        found = pacs.wait_for(3)
        wait_for(tmp_path / "node", [State.SENT, State.FAILED])
        assert main(["node", "status", "--folder", str(tmp_path / "node"), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert node.told_to_stop() == 0
        said = node.said()
    assert [len(one["Instances"]) for one in found] == [1, 8, 8]
    made = highdicom.pm.ParametricMap.from_dataset(dcmread(io.BytesIO(pacs.file(found[0]["Instances"][0]))))
    assert (made.StudyInstanceUID, made.PatientID) == ("1.2.3.4", PATIENT)
    assert (made.Rows, made.Columns, made.NumberOfFrames) == (20, 16, 8)
    kept = dcmread(next((tmp_path / "node").rglob("parametric-map.dcm")))
    np.testing.assert_array_equal(
        made.get_volume(dtype=np.float32).array,
        highdicom.pm.ParametricMap.from_dataset(kept).get_volume(dtype=np.float32).array,
    )
    assert made.get_volume(dtype=np.float32).array.max() > 7.0  # the server adds its version's number
    assert told["states"]["sent"] == told["states"]["failed"] == 1
    assert told["studies"][1]["reason"].startswith("No series of the folder can be used.")
    names = "".join(path.as_posix() for path in (tmp_path / "node").rglob("*"))
    journal = (tmp_path / "node/journal.sqlite").read_bytes()
    for text in (NAME, PATIENT + "/", "1.2.3.4"):
        assert text not in said + json.dumps(told) + names
        assert text.encode() not in journal


def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(tmp_path, pacs, models):
    """SIGKILL while it receives, while it makes and while it sends; senders repeat what was not answered."""
    delete_all(pacs)
    studies = [write_study(tmp_path / f"in{number}", f"1.2.3.{number}") for number in range(1, 5)]
    port = 0
    for moment in (0.0, 0.7, 1.5, 2.2):
        with running_node(tmp_path / "node", pacs.address, models.address, port=port) as node:
            port = node.port
            if moment == 0.0:
                for study in studies:
                    assert storescu(port, study).returncode == 0
            time.sleep(moment)
            node.kill()
    with running_node(tmp_path / "node", pacs.address, models.address, port=port):
        for study in studies:
            assert storescu(port, study).returncode == 0  # again, as a sender without an answer would
        wait_for(tmp_path / "node", [State.SENT] * 4)
    found = pacs.wait_for(12)
    assert len(found) == 12
    assert sorted(len(one["Instances"]) for one in found) == [1] * 4 + [8] * 8


def test_what_was_sent_but_not_noted_is_sent_again_as_the_same_objects(tmp_path, pacs, models, start):
    """Killed between the PACS's answer and the journal, it sends once more; the PACS keeps one."""
    delete_all(pacs)
    node = start()
    node.receive(write_study(tmp_path / "in"))
    node.work()
    node.kill()
    for _ in range(2):
        with running_node(tmp_path / "node", pacs.address, models.address):
            wait_for(tmp_path / "node", [State.SENT])
        with sqlite3.connect(tmp_path / "node/journal.sqlite") as database:
            database.execute("UPDATE objects SET sent = 0")
            database.execute("UPDATE studies SET state = 'made'")
    assert [len(one["Instances"]) for one in pacs.wait_for(3)] == [1, 8, 8]


def test_told_to_stop_it_lets_an_open_association_end(tmp_path, models):
    with running_node(tmp_path / "node", "PACS@localhost:1", models.address) as node:
        assert storescu(node.port, write_study(tmp_path / "in")).returncode == 0
        assert node.told_to_stop() == 0
        assert echoscu(node.port) != 0
        assert "Traceback" not in node.said()
    assert states(tmp_path / "node") in ([State.RECEIVING], [State.MADE])


def test_what_was_kept_for_long_enough_is_deleted(tmp_path, start):
    node: Node = start(keep_hours=1.0, keep_failed_days=2.0, remember_days=10.0)
    node.receive(write_study(tmp_path / "in"))
    node.receive(write_series(tmp_path / "scout", SCOUT, study="1.2.3.6"))
    assert node.work()
    assert node.work()
    _, objects, _ = node.journal.to_send(time.time())
    for one in objects:
        node.journal.sent(one.sop_uid)
    node.journal.all_sent(1, time.time())
    folders = {row.number: node.files.studies / row.digest for row in node.journal.rows()}
    hour = 3600.0
    for passed, there in ((0.9, {1, 2}), (1.1, {2}), (47.0, {2}), (49.0, set()), (200.0, set())):
        program.sweep(node.settings, node.files, node.journal, time.time() + passed * hour)
        assert {number for number, folder in folders.items() if folder.exists()} == there
    assert [row.here for row in node.journal.rows()] == [0, 0]
    assert node.journal.bytes_here == 0
    program.sweep(node.settings, node.files, node.journal, time.time() + 241 * hour)
    assert node.journal.rows() == []


def test_what_is_not_sent_yet_is_never_deleted(tmp_path, start):
    node: Node = start(keep_hours=1.0)
    node.receive(write_study(tmp_path / "in"))
    node.work()
    program.sweep(node.settings, node.files, node.journal, time.time() + 1e6)
    assert (node.row().state, node.row().here, node.row().objects) == (State.MADE, 16, 17)


def test_a_second_node_in_one_folder_is_refused(tmp_path, start):
    start()
    settings = NodeSettings(folder=tmp_path / "node", pacs="PACS@localhost:1", allowed=("MR1",), port=0)
    with pytest.raises(UsageError, match="Another node works in"):
        program.run(settings, lambda _: None)


def test_a_port_that_is_taken_leaves_the_folder_to_another(tmp_path, pacs):
    before = tempfile.gettempdir()
    settings = NodeSettings(
        folder=tmp_path / "node", pacs="PACS@localhost:1", allowed=("MR1",), port=pacs.http_port
    )
    with pytest.raises(UsageError, match="cannot be opened"):
        program.run(settings, lambda _: None)
    assert tempfile.gettempdir() == before
    Journal(tmp_path / "node").close()
    Node(tmp_path / "node").kill()
