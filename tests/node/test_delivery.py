"""To a PACS of every temper, on a real socket: what it took is noted, what it did not is tried again."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pynetdicom import AE, evt

from cbvsynth.node import encryption
from cbvsynth.node.delivery import CLASSES, Delivery
from cbvsynth.node.journal import State
from cbvsynth.node.status import to_text
from tests.node.pacs import running_pacs
from tests.node.parts import NAME, write_study
from tests.server.tls_files import make_pair

IMPLICIT = "1.2.840.10008.1.2"
MAP, MR_IMAGE, CAPTURE = CLASSES


@dataclass
class Archive:
    """A PACS that answers as a test says. answers: by number of the object; 0 for those after."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    received: list[Any] = field(default_factory=list)
    abort_after: int = 10**9

    def store(self, event: evt.Event) -> int:
        answer = self.answers.pop(0) if self.answers else 0
        if len(self.received) >= self.abort_after:
            self.abort_after = 10**9
            event.assoc.abort()
            return 0
        if answer in (0, 0xB000):
            self.received.append(event.dataset)
        return answer


@contextmanager
def archive(
    classes=tuple(CLASSES), syntaxes=None, context: ssl.SSLContext | None = None
) -> Iterator[Archive]:
    made = Archive()
    application = AE(ae_title="PACS")
    for uid in classes:
        application.add_supported_context(uid, syntaxes or ["1.2.840.10008.1.2.1"])
    server = application.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, made.store)], ssl_context=context
    )
    made.port = server.server_address[1]
    try:
        yield made
    finally:
        server.shutdown()


@pytest.fixture
def made(tmp_path, start):
    """A node with one result to send; asks for the port of the PACS, and for more flags."""

    def begin(port: int, **more: Any):
        node = start(pacs=f"PACS@localhost:{port}", idle_s=5.0, **more)
        node.receive(write_study(tmp_path / "in"))
        node.work()
        delivery = Delivery(node.settings, node.journal, encryption.sending(node.settings), node.stop)
        return node, delivery

    return begin


def send(node, delivery) -> None:
    """Now, however long it is to wait."""
    with node.journal._change() as database:
        database.execute("UPDATE studies SET next_attempt = 0")
    assert delivery.send_next()


def test_everything_goes_once(made):
    with archive() as pacs:
        node, delivery = made(pacs.port)
        send(node, delivery)
        assert not delivery.send_next()
    assert [one.SOPClassUID for one in pacs.received] == [MAP, *[CAPTURE] * 8, *[MR_IMAGE] * 8]
    assert node.row().state is State.SENT


def test_an_old_pacs_gets_implicit_value_representations(made):
    with archive(syntaxes=[IMPLICIT]) as pacs:
        node, delivery = made(pacs.port)
        send(node, delivery)
    assert len(pacs.received) == 17
    assert node.row().state is State.SENT


def test_what_was_taken_is_not_sent_again_and_what_was_refused_is(made):
    with archive() as pacs:
        node, delivery = made(pacs.port)
        pacs.answers = [0, 0xA700, 0xB000, 0xC000]
        send(node, delivery)
        row = node.row()
        assert (row.state, row.sent, row.attempts) == (State.MADE, 15, 1)
        assert row.reason == "PACS refuses a Secondary Capture with status A700."
        send(node, delivery)
    assert len({one.SOPInstanceUID for one in pacs.received}) == len(pacs.received) == 17
    assert node.row().state is State.SENT


def test_a_pacs_that_is_away_is_tried_again_ever_more_seldom(made, capsys):
    node, delivery = made(1, retry_s=10.0)
    waits = []
    for _ in range(3):
        begun = time.time()
        send(node, delivery)
        waits.append(node.row().next_attempt - begun)
    assert waits == pytest.approx([10, 20, 40], abs=8)
    assert node.row().reason.startswith("PACS does not answer, or refuses the association.")
    assert not delivery.send_next()
    assert NAME not in capsys.readouterr().err


def test_an_association_that_breaks_is_gone_on_with(made):
    with archive() as pacs:
        node, delivery = made(pacs.port)
        pacs.abort_after = 5
        send(node, delivery)
        assert (node.row().state, node.row().sent) == (State.MADE, 5)
        send(node, delivery)
    assert node.row().state is State.SENT
    assert len({one.SOPInstanceUID for one in pacs.received}) == 17


def test_a_class_that_the_pacs_does_not_take_is_named(made):
    with archive(classes=(MR_IMAGE, CAPTURE)) as pacs:
        node, delivery = made(pacs.port)
        send(node, delivery)
    assert (node.row().state, node.row().sent) == (State.MADE, 16)
    assert node.row().reason == (
        "PACS takes no Parametric Map. Leave it out with --send, or have the PACS take it."
    )


def lose(node, how: str, number: int = -1) -> None:
    """Spoil a file that is to be sent, by its place among them."""
    path = node.folder / node.journal.to_send(time.time() + 1e6)[1][number].path
    path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_result_whose_file_is_lost_is_made_again_and_holds_up_no_other(made, tmp_path, how):
    """The node ended, and ended again at each start: no study was sent any more."""
    with archive() as pacs:
        node, delivery = made(pacs.port)
        lose(node, how)
        node.receive(write_study(tmp_path / "other", study="1.2.3.5"))
        node.work()
        send(node, delivery)
        assert (node.row().state, node.row().maps, pacs.received) == (State.RECEIVING, 0, [])
        send(node, delivery)
        assert node.row(2).state is State.SENT
        assert node.work()
        send(node, delivery)
    assert (node.row().state, node.row().maps) == (State.SENT, 1)
    sent = [one for one in pacs.received if one.StudyInstanceUID == "1.2.3.4"]
    assert len({one.SOPInstanceUID for one in sent}) == len(sent) == 17


def test_one_that_is_lost_again_is_given_up_with_its_reason(made, tmp_path):
    with archive() as pacs:
        node, delivery = made(pacs.port)
        for _ in range(2):
            lose(node, "gone")
            send(node, delivery)
            node.work()
        row = node.row()
        assert (row.state, row.maps) == (State.FAILED, 0)
        assert "Found 1 file of its map gone or damaged on the disk." in to_text([row])
        assert pacs.received == []
        assert not delivery.send_next()
        node.receive(sorted((tmp_path / "in").rglob("*.dcm")))
        assert node.work()
        send(node, delivery)
    assert (node.row().state, node.row().maps) == (State.SENT, 1)


def test_a_result_that_the_pacs_has_in_part_is_not_made_again_by_itself(made, tmp_path):
    """Made again it would be other objects: the PACS would have one map and a part of another."""
    with archive() as pacs:
        node, delivery = made(pacs.port)
        pacs.abort_after = 5
        send(node, delivery)
        lose(node, "damaged")
        send(node, delivery)
        assert (node.row().state, len(pacs.received)) == (State.FAILED, 5)
        assert node.row().reason.endswith("Look at the disk, then send the study again.")
        node.receive(sorted((tmp_path / "in").rglob("*.dcm")))
        assert node.work()
        send(node, delivery)
    assert (node.row().state, node.row().maps, len(pacs.received)) == (State.SENT, 2, 5 + 17)


def test_over_tls_the_pacs_must_be_the_one_that_is_vouched_for(made, tmp_path):
    for name in ("pacs", "other"):
        make_pair(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pacs.pem", tmp_path / "pacs.key")
    with archive(context=context) as pacs:
        node, delivery = made(pacs.port, tls_pacs=tmp_path / "other.pem")
        send(node, delivery)
        assert node.row().sent == 0
        node.kill()
        node, delivery = made(pacs.port, tls_pacs=tmp_path / "pacs.pem")
        send(node, delivery)
    assert node.row().state is State.SENT


def test_told_to_stop_it_ends_between_two_objects(made):
    with archive() as pacs:
        node, delivery = made(pacs.port)
        node.stop.set()
        delivery.run()
        assert delivery.send_next()
    assert pacs.received == []
    assert (node.row().state, node.row().attempts) == (State.MADE, 0)


def test_orthanc_and_node_are_sure_of_each_other_over_tls(made, tmp_path):
    """Both show a certificate; Orthanc lets nobody in who has none that it knows."""
    for name in ("pacs", "node"):
        make_pair(tmp_path, name)
    secured = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(tmp_path / "pacs.pem"),
        "DicomTlsPrivateKey": str(tmp_path / "pacs.key"),
        "DicomTlsTrustedCertificates": str(tmp_path / "node.pem"),
        "DicomAet": "PACS",
        "UnknownSopClassAccepted": True,
    }
    own = {"tls_certificate": tmp_path / "node.pem", "tls_key": tmp_path / "node.key"}
    with running_pacs(tmp_path / "orthanc", **secured) as pacs:
        for shown, state in (({}, State.MADE), (own, State.SENT)):
            node, delivery = made(pacs.dicom_port, tls_pacs=tmp_path / "pacs.pem", **shown)
            send(node, delivery)
            assert node.row().state is state
            assert len(pacs.ask("/instances")) == node.row().sent
            node.kill()
