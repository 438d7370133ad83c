"""One object at a time: what is kept, what is refused with which status, and that nothing is kept twice."""

from __future__ import annotations

import shutil
import sqlite3

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import EnhancedMRImageStorage, SecondaryCaptureImageStorage

from cbvsynth.node import reception
from cbvsynth.node.journal import State
from cbvsynth.node.reception import Answer, Received
from tests.node.parts import NAME, PATIENT, write_study
from tests.study.dicom.dicom_files import T1, write_enhanced, write_series

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning:pydicom"
)  # of damaged files; the node keeps them in


def changed(folder, change):
    folder.mkdir(exist_ok=True)
    (path, *_) = write_series(folder, T1)
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(folder / "changed.dcm")
    return folder / "changed.dcm"


def test_what_is_answered_for_lies_on_the_disk_by_hashes_and_once(tmp_path, start):
    node = start()
    files = write_study(tmp_path / "in")
    assert set(node.receive(files)) == {Answer.SUCCESS}
    kept = sorted((node.folder / "studies").rglob("*.dcm"))
    assert len(kept) == 16
    assert set(node.receive(files)) == {Answer.SUCCESS}
    assert sorted((node.folder / "studies").rglob("*.dcm")) == kept
    assert not any(
        text in str(path.relative_to(node.folder)) for path in kept for text in (NAME, PATIENT, "1.2.3")
    )
    assert {dcmread(path).SOPInstanceUID for path in kept} == {dcmread(path).SOPInstanceUID for path in files}
    assert node.row().instances == 16


def test_enhanced_images_are_kept_too(tmp_path, start):
    node = start()
    write_enhanced(tmp_path / "in", T1)
    (path,) = [one for one in tmp_path.glob("in*") if one.is_file()] or list((tmp_path / "in").iterdir())
    assert dcmread(path).SOPClassUID == EnhancedMRImageStorage
    assert node.receive([path]) == [Answer.SUCCESS]


def test_our_own_maps_are_not_kept_so_that_no_map_is_made_of_a_map(tmp_path, start):
    """A PACS that sends every new MR series on would have had the node answer its own answers."""
    node = start()
    path = changed(tmp_path / "in", lambda one: setattr(one, "Manufacturer", "cbvsynth"))
    assert node.receive([path]) == [Answer.NOT_KEPT]
    assert node.journal.rows() == []


def capture(dataset):
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (capture, Answer.NOT_KEPT),
        (lambda one: one.__delattr__("StudyInstanceUID"), Answer.NOT_AS_SAID),
        (lambda one: setattr(one, "Rows", 0), Answer.NOT_AS_SAID),
        (lambda one: setattr(one, "NumberOfFrames", 10**9), Answer.NOT_AS_SAID),
    ],
)
def test_what_cannot_be_used_is_told_its_sender(tmp_path, start, change, answer):
    node = start()
    assert node.receive([changed(tmp_path / "in", change)]) == [answer]
    assert node.journal.rows() == []
    assert list(node.files.studies.iterdir()) == []


def test_another_object_than_was_announced_is_refused(tmp_path, start):
    node = start()
    (path, *_) = write_series(tmp_path / "in", T1)
    copy = shutil.copyfile(path, node.files.incoming / "a.dcm")
    received = Received(copy, "1.2.840.10008.5.1.4.1.1.4", "1.2.3", "PACS")
    assert node.reception.take(received) is Answer.NOT_AS_SAID


@pytest.mark.parametrize("size", [0, 100, 132, 133, 200, 400, 500])
def test_a_file_that_is_cut_short_is_refused_or_kept_but_ends_nothing(tmp_path, start, size):
    node = start()
    (path, *_) = write_series(tmp_path / "in", T1)
    copy = node.files.incoming / "a.dcm"
    copy.write_bytes(path.read_bytes()[:size])
    received = Received(copy, "1.2.840.10008.5.1.4.1.1.4", str(dcmread(path).SOPInstanceUID), "PACS")
    assert node.reception.take(received) in (Answer.NOT_READ, Answer.NOT_AS_SAID)
    assert node.journal.rows() == []


def test_any_damage_is_an_answer(tmp_path, start):
    node = start()
    (path, *_) = write_series(tmp_path / "in", T1)
    content = path.read_bytes()[:1200]
    random = np.random.default_rng(5)
    uid = str(dcmread(path).SOPInstanceUID)
    for _ in range(200):
        damaged = bytearray(content)
        for place in random.integers(128, len(damaged), 4):
            damaged[place] = random.integers(256)
        copy = node.files.incoming / "a.dcm"
        copy.write_bytes(damaged)
        assert node.reception.take(Received(copy, "1.2.840.10008.5.1.4.1.1.4", uid, "PACS")) in Answer


@pytest.mark.parametrize(
    "limits", [{"max_instance_mb": 0.001}, {"max_disk_gb": 0.001}, {"max_instances": 3}, "a full disk"]
)
def test_beyond_a_limit_there_is_no_room_and_nothing_is_left(tmp_path, start, monkeypatch, limits):
    (large,) = write_series(tmp_path / "large", T1, voxels=np.zeros((1, 800, 800), np.int16))
    node = start(**(limits if isinstance(limits, dict) else {}))
    if limits == "a full disk":
        monkeypatch.setattr(reception, "LEAST_FREE_BYTES", 1 << 60)
    if limits == {"max_instances": 3}:
        node.receive(write_series(tmp_path / "in", T1)[:3])
    before = sorted(node.files.studies.rglob("*"))
    assert node.receive([large]) == [Answer.NO_ROOM]
    assert sorted(node.files.studies.rglob("*")) == before


def test_a_disk_or_a_journal_that_fails_is_no_success(tmp_path, start, monkeypatch, capsys):
    node = start()
    (path, *_) = write_series(tmp_path / "in", T1)

    def fails(*_):
        raise sqlite3.OperationalError(NAME)

    monkeypatch.setattr(node.journal, "receive", fails)
    assert node.receive([path]) == [Answer.NO_ROOM]
    assert capsys.readouterr().err == "error: an object was not kept (OperationalError)\n"
    monkeypatch.undo()
    assert node.receive([path]) == [Answer.SUCCESS]
    assert node.row().state is State.RECEIVING
