"""The port: who may come, by which syntaxes, how much they may bring, and that nobody holds it up."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import JPEGLosslessSV1, JPEGLSLossless, RLELossless, SecondaryCaptureImageStorage
from pynetdicom import AE

from cbvsynth.errors import UsageError
from cbvsynth.node import encryption
from cbvsynth.node.listening import LARGEST_PDU, SYNTAXES, VERIFICATION, Listening
from cbvsynth.node.reception import Answer, Received
from cbvsynth.node.settings import NodeSettings
from tests.node.parts import write_study
from tests.node.programs import SENDER, TITLE, dcmtk, echoscu, storescu
from tests.server.tls_files import make_pair
from tests.study.dicom.dicom_files import T1, write_series

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


class Kept:
    """Answers for what comes, and keeps a copy."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.received = folder, []
        self.answer = Answer.SUCCESS
        self.hold: Event | None = None

    def take(self, received: Received) -> Answer:
        if self.hold is not None:
            self.hold.wait(20)
        shutil.copyfile(received.path, self.folder / f"{len(self.received)}.dcm")
        self.received.append(received)
        return self.answer


@contextmanager
def listening(folder: Path, **more: Any) -> Iterator[tuple[Listening, Kept]]:
    kept = Kept(folder)
    given = {"port": 0, "allowed": (SENDER, "PACS"), "idle_s": 20.0, **more}
    settings = NodeSettings(folder=folder, pacs="PACS@localhost:1", **given)
    port = Listening(settings, kept.take, encryption.listening(settings))
    port.start()
    try:
        yield port, kept
    finally:
        port.stop(0.0)


@pytest.fixture
def studied(tmp_path: Path) -> list[Path]:
    return write_series(tmp_path / "in", T1)


def test_only_those_who_may_come_and_call_it_by_its_name(tmp_path, studied, capfd):
    with listening(tmp_path) as (port, kept):
        assert echoscu(port.port) == 0
        assert echoscu(port.port, title="PACS") == 0
        assert echoscu(port.port, title="OTHER") != 0
        assert echoscu(port.port, called="ANYONE") != 0
        assert storescu(port.port, studied, title="OTHER").returncode != 0
        assert kept.received == []
        assert storescu(port.port, studied).returncode == 0
        assert [one.sender for one in kept.received] == [SENDER] * 8
    assert "rejected: 'OTHER' asked for 'CBVSYNTH'" in capfd.readouterr().err


def test_a_strangers_title_cannot_write_lines_of_the_log(tmp_path, capfd):
    with listening(tmp_path) as (port, _):
        title = b"A\nstudy 1: sent".ljust(16)
        request = struct.pack(">HH", 1, 0) + TITLE.encode().ljust(16) + title + bytes(32)
        context = b"\x10\x00\x00\x15" + b"1.2.840.10008.3.1.1.1"
        with socket.create_connection(("127.0.0.1", port.port), timeout=10) as peer:
            content = request + context
            peer.sendall(b"\x01\x00" + struct.pack(">I", len(content)) + content)
            peer.recv(100)
    assert "\nstudy 1" not in capfd.readouterr().err


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_objects_come_as_they_are(tmp_path, studied, syntax):
    dataset = dcmread(studied[3])
    dataset.compress(syntax)
    dataset.save_as(tmp_path / "compressed.dcm")
    with listening(tmp_path) as (port, _):
        application = AE(ae_title=SENDER)
        application.add_requested_context(MR_IMAGE, syntax)
        association = application.associate("127.0.0.1", port.port, ae_title=TITLE)
        assert association.send_c_store(tmp_path / "compressed.dcm").Status == Answer.SUCCESS
        association.release()
    found = dcmread(tmp_path / "0.dcm")
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found.PixelData == dataset.PixelData


def test_what_a_pacs_compressed_comes_without_being_unpacked(tmp_path, studied):
    subprocess.run([dcmtk("dcmcjpeg"), str(studied[3]), str(tmp_path / "lossless.dcm")], check=True)
    with listening(tmp_path) as (port, _):
        assert storescu(port.port, [tmp_path / "lossless.dcm"], "-xs").returncode == 0
    assert dcmread(tmp_path / "0.dcm").file_meta.TransferSyntaxUID == JPEGLosslessSV1


def test_implicit_and_big_endian_objects_come(tmp_path, studied):
    with listening(tmp_path) as (port, kept):
        for option in ("-xi", "-xb"):
            assert storescu(port.port, studied[:1], option).returncode == 0
        assert len(kept.received) == 2
    assert dcmread(tmp_path / "1.dcm").pixel_array.max() == dcmread(studied[0]).pixel_array.max()


def test_the_converter_reads_every_syntax_that_is_accepted():
    """Deflated files are not among them: the converter does not unpack them."""
    assert "1.2.840.10008.1.2.1.99" not in SYNTAXES
    assert len(set(SYNTAXES)) == 11


def test_what_is_refused_is_answered_as_such(tmp_path, studied):
    with listening(tmp_path) as (port, kept):
        kept.answer = Answer.NO_ROOM
        told = storescu(port.port, studied)
        assert told.returncode == Answer.NO_ROOM >> 8


def test_other_objects_of_a_study_end_no_association(tmp_path, studied):
    """A PACS sends its captures and reports with the images; one that were not negotiated would stop it."""
    dataset = dcmread(studied[0])
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.save_as(tmp_path / "capture.dcm")
    with listening(tmp_path) as (port, kept):
        kept.answer = Answer.NOT_KEPT
        assert storescu(port.port, [tmp_path / "capture.dcm"]).returncode == 0


def test_an_object_that_is_too_large_is_cut_off_in_its_middle(tmp_path):
    import numpy as np

    (large,) = write_series(tmp_path / "in", T1, voxels=np.zeros((1, 900, 900), np.int16))
    with listening(tmp_path, max_instance_mb=1.0) as (port, kept):
        assert storescu(port.port, [large]).returncode != 0
        assert kept.received == []
        assert echoscu(port.port) == 0


def test_a_length_that_nobody_negotiated_is_not_waited_for(tmp_path):
    with listening(tmp_path, idle_s=30.0) as (port, _):
        with socket.create_connection(("127.0.0.1", port.port), timeout=10) as peer:
            peer.sendall(b"\x01\x00" + struct.pack(">I", LARGEST_PDU + 1) + b"x" * 100)
            assert peer.recv(100) == b""
        assert echoscu(port.port) == 0


def test_silent_connections_are_closed_and_keep_nobody_out_for_long(tmp_path):
    with listening(tmp_path, max_associations=2, idle_s=2.0) as (port, _):
        silent = [socket.create_connection(("127.0.0.1", port.port)) for _ in range(3)]
        limit = time.monotonic() + 30
        while echoscu(port.port) != 0:
            assert time.monotonic() < limit
            time.sleep(0.3)
        for peer in silent:
            peer.close()


def test_more_senders_than_may_come_are_told_so(tmp_path):
    application = AE(ae_title=SENDER)
    application.add_requested_context(VERIFICATION)
    with listening(tmp_path, max_associations=1) as (port, _):
        first = application.associate("127.0.0.1", port.port, ae_title=TITLE)
        assert first.is_established
        assert echoscu(port.port) != 0
        first.release()
        time.sleep(0.5)
        assert echoscu(port.port) == 0


def test_it_stops_when_those_who_are_there_have_ended(tmp_path, studied):
    with listening(tmp_path) as (port, kept):
        kept.hold = Event()
        sender = subprocess.Popen(
            [
                dcmtk("storescu"),
                "-R",
                "-aet",
                SENDER,
                "-aec",
                TITLE,
                "localhost",
                str(port.port),
                str(studied[0]),
            ]
        )
        time.sleep(1.0)
        kept.hold.set()
        port.stop(20.0)
        assert sender.wait(20) == 0
        assert len(kept.received) == 1
        assert echoscu(port.port) != 0
        kept.hold = None


def test_tls_with_and_without_certificates_of_senders(tmp_path, studied):
    for name in ("node", "sender", "stranger"):
        make_pair(tmp_path, name)
    own = {"tls_certificate": tmp_path / "node.pem", "tls_key": tmp_path / "node.key"}

    def options(name: str) -> list[str]:
        pair = [str(tmp_path / f"{name}.key"), str(tmp_path / f"{name}.pem")]
        return ["+tls", *pair, "+cf", str(tmp_path / "node.pem")]

    with listening(tmp_path, **own) as (port, kept):
        assert echoscu(port.port) != 0
        assert storescu(port.port, studied, *options("stranger")).returncode == 0
        assert len(kept.received) == 8
    with listening(tmp_path, **own, tls_clients=tmp_path / "sender.pem") as (port, kept):
        assert echoscu(port.port, *options("stranger")) != 0
        assert echoscu(port.port, *options("sender")) == 0


def test_a_peer_that_does_not_shake_hands_keeps_nobody_out(tmp_path):
    """The library shakes hands where it accepts connections: one silent peer would have stopped the node."""
    make_pair(tmp_path, "node")
    own = {"tls_certificate": tmp_path / "node.pem", "tls_key": tmp_path / "node.key"}
    with (
        listening(tmp_path, **own, idle_s=60.0) as (port, _),
        socket.create_connection(("127.0.0.1", port.port)),
    ):
        context = ssl.create_default_context(cafile=tmp_path / "node.pem")
        application = AE(ae_title=SENDER)
        application.add_requested_context(VERIFICATION)
        begun = time.monotonic()
        association = application.associate(
            "localhost", port.port, ae_title=TITLE, tls_args=(context, "localhost")
        )
        assert association.is_established
        association.release()
        assert time.monotonic() - begun < 30


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = NodeSettings(folder=tmp_path, port=taken.getsockname()[1], allowed=("A",))
        with pytest.raises(UsageError, match="cannot be opened"):
            Listening(settings, lambda _: Answer.SUCCESS, None)


def test_a_whole_study_of_two_senders_at_once(tmp_path):
    paths = [write_study(tmp_path / f"in{number}", f"1.2.{number}") for number in (3, 4)]
    with listening(tmp_path) as (port, kept):
        senders = [
            subprocess.Popen(
                [dcmtk("storescu"), "-R", "-aet", title, "-aec", TITLE, "localhost", str(port.port), *files]
            )
            for title, files in zip((SENDER, "PACS"), paths, strict=True)
        ]
        assert [sender.wait(120) for sender in senders] == [0, 0]
        assert len(kept.received) == 32
