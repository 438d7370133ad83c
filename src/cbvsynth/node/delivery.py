"""Results go to the PACS by C-STORE, each object until the PACS has said that it has it."""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

from pynetdicom import AE
from pynetdicom.association import Association

from cbvsynth.domain.wording import counted
from cbvsynth.node.journal import Journal, Object
from cbvsynth.node.settings import NodeSettings
from cbvsynth.node.work import back_off
from cbvsynth.study.dicom.headers import RAISED_BY_DAMAGE

if TYPE_CHECKING:
    from pydicom import Dataset

CLASSES = {
    "1.2.840.10008.5.1.4.1.1.30": "Parametric Map",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
}
"""Storage classes of what DICOM out writes."""

_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
_TAKEN = frozenset({0x0000, 0xB000, 0xB006, 0xB007})
"""Success, and the warnings with which an object is stored. Source: DICOM PS3.4, table B.2-1."""
_LOOK_S = 0.5


class Delivery:
    """Sends results until it is told to stop."""

    def __init__(
        self, settings: NodeSettings, journal: Journal, encryption: ssl.SSLContext | None, stop: Event
    ) -> None:
        self._settings, self._journal = settings, journal
        self._peer, self._folder = settings.peer(), settings.folder
        self._encryption, self._stop = encryption, stop
        self._made_again: set[int] = set()

    def run(self) -> None:
        """Send what is to be sent; what is refused is tried again, ever more seldom."""
        while not self._stop.is_set():
            if not self.send_next():
                self._stop.wait(_LOOK_S)

    def send_next(self) -> bool:
        """Send the result whose turn it is; whether there was one."""
        turn = self._journal.to_send(time.time())
        if turn is None:
            return False
        number, objects, attempts = turn
        lost = sum(self._read(one) is None for one in objects)
        if lost:
            self._give_up(number, lost)
            return True
        problem = self._send(objects) if objects else ""
        if self._stop.is_set() and problem:
            return True
        if problem:
            wait = back_off(self._settings, attempts + 1)
            self._journal.send_later(number, problem, time.time() + wait)
            print(f"study {number}: again in {wait:.0f} s: {problem}", file=sys.stderr, flush=True)
        else:
            self._journal.all_sent(number, time.time())
            print(f"study {number}: its map is with {self._peer.title}", flush=True)
        return True

    def _give_up(self, number: int, lost: int) -> None:
        """Have a map made again of which files are lost; once, for a second loss is no chance."""
        what = f"{counted(lost, 'file')} of its map gone or damaged on the disk"
        if number not in self._made_again and self._journal.make_again(number, time.time()):
            self._made_again.add(number)
            print(f"study {number}: {what}; it is made again", file=sys.stderr, flush=True)
            return
        reason = f"Found {what}. Look at the disk, then send the study again."
        self._journal.lost(number, reason, time.time())
        print(f"study {number}: no map: {reason}", file=sys.stderr, flush=True)

    def _send(self, objects: Sequence[Object]) -> str:
        """Send objects and note each that is taken; what went wrong, empty where nothing did."""
        association = self._associate()
        if not association.is_established:
            return f"{self._peer.title} does not answer, or refuses the association. Look at its AE titles."
        try:
            problems = [problem for one in objects if (problem := self._send_one(association, one))]
        finally:
            if association.is_established:
                association.release()
            else:
                association.abort()
        return problems[0] if problems else ""

    def _associate(self) -> Association:
        application = AE(ae_title=self._settings.ae_title)
        application.network_timeout = application.connection_timeout = self._settings.idle_s
        application.acse_timeout = application.dimse_timeout = self._settings.idle_s
        for uid in CLASSES:
            application.add_requested_context(uid, _SYNTAXES)
        return application.associate(
            self._peer.host,
            self._peer.port,
            ae_title=self._peer.title,
            tls_args=None if self._encryption is None else (self._encryption, self._peer.host),
        )

    def _send_one(self, association: Association, one: Object) -> str:
        if self._stop.is_set():
            return "The node was told to stop."
        peer, dataset = self._peer.title, self._read(one)
        if dataset is None:
            return "A file of its map is gone or damaged on the disk."
        name = CLASSES.get(str(dataset.SOPClassUID), str(dataset.SOPClassUID))
        try:
            status = association.send_c_store(dataset).get("Status")
        except ValueError:
            return f"{peer} takes no {name}. Leave it out with --send, or have the PACS take it."
        except RuntimeError:
            return f"{peer} ended the association before it had everything."
        if status in _TAKEN:
            self._journal.sent(one.sop_uid)
            return ""
        return (
            f"{peer} did not answer in {self._settings.idle_s:g} s, or ended the association."
            if status is None
            else f"{peer} refuses a {name} with status {status:04X}."
        )

    def _read(self, one: Object) -> Dataset | None:
        """An object's file; None where it is gone or is not what was written."""
        from pydicom import dcmread
        from pydicom.errors import BytesLengthException, InvalidDicomError

        path = self._folder / one.path
        try:
            dataset = dcmread(path) if path.stat().st_size == one.bytes else None
            return dataset if dataset and str(dataset.SOPInstanceUID) == one.sop_uid else None
        except (OSError, InvalidDicomError, BytesLengthException, *RAISED_BY_DAMAGE):
            return None
