"""The port: associations of those who may send, their C-ECHO and C-STORE."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import time
import warnings
from collections.abc import Callable
from socketserver import BaseServer
from threading import Thread
from typing import Any, cast

from pynetdicom import AE, AllStoragePresentationContexts, _config, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from cbvsynth.errors import UsageError
from cbvsynth.node.reception import Answer, Received
from cbvsynth.node.settings import NodeSettings

VERIFICATION = "1.2.840.10008.1.1"
SYNTAXES = (
    "1.2.840.10008.1.2.1",  # explicit VR, little endian
    "1.2.840.10008.1.2",  # implicit VR, little endian
    "1.2.840.10008.1.2.2",  # explicit VR, big endian
    "1.2.840.10008.1.2.4.57",  # JPEG lossless
    "1.2.840.10008.1.2.4.70",  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.50",  # JPEG, 8 bit, with loss
    "1.2.840.10008.1.2.4.51",  # JPEG, 12 bit, with loss
    "1.2.840.10008.1.2.4.91",  # JPEG 2000, perhaps with loss
)
"""Transfer syntaxes that the converter reads; loss of values is warned of in the result."""

LARGEST_PDU = 1 << 20
"""Bytes; a longer one is no peer's that obeys what was negotiated (a fourth of it). Our choice."""
_ACCEPTED_PDU = 1 << 18
_SO_FAR = "cbvsynth_bytes_of_object"


class _Handler(RequestHandler):
    """Reads no more for one PDU than a peer may send: its length is stated before anyone is known."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        transport = association.dul.socket
        assert transport is not None
        receive = transport.recv

        def bounded(nr_bytes: int) -> bytearray:
            if nr_bytes > LARGEST_PDU:
                raise OSError("a longer PDU than was negotiated")
            return receive(nr_bytes)

        transport.recv = bounded  # type: ignore[method-assign]
        return association


class _Server(ThreadedAssociationServer):
    """Shakes hands in each connection's own thread, so that a silent peer keeps nobody else out."""

    daemon_threads = True
    request_queue_size = 64

    def get_request(self) -> tuple[socket.socket, Any]:
        assert self.socket is not None
        connection, address = self.socket.accept()
        connection.settimeout(self.ae.network_timeout)
        return connection, address

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002  the base's
        return len(self.active_associations) < 2 * self.ae.maximum_associations

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's
        if self.ssl_context is not None:
            try:
                request = self.ssl_context.wrap_socket(request, server_side=True)
            except OSError:  # no TLS, a certificate that is not believed, or nothing in time
                request.close()
                return
        super().process_request_thread(request, client_address)

    def stop_listening(self) -> None:
        """Close the port; what is connected stays so."""
        BaseServer.shutdown(self)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the base's
        print("error: a connection ended in a fault", file=sys.stderr, flush=True)


class Listening:
    """The open port and its associations, in threads of their own."""

    def __init__(
        self,
        settings: NodeSettings,
        take: Callable[[Received], Answer],
        encryption: ssl.SSLContext | None,
    ) -> None:
        """Open the port.

        Args:
            settings: who may come, and with how much.
            take: keeps an object; what it answers is the sender's answer.
            encryption: for TLS; None for none.

        Raises:
            UsageError: the port is taken, or the address is not this machine's.
        """
        _configure()
        self._take = take
        self._largest = settings.max_instance_mb * 1e6
        application = AE(ae_title=settings.ae_title)
        application.require_called_aet = True
        application.require_calling_aet = list(settings.titles)
        application.maximum_associations = settings.max_associations
        application.maximum_pdu_size = _ACCEPTED_PDU
        application.network_timeout = settings.idle_s
        application.acse_timeout = application.dimse_timeout = settings.idle_s
        application.add_supported_context(VERIFICATION)
        for context in AllStoragePresentationContexts:
            assert context.abstract_syntax is not None
            application.add_supported_context(context.abstract_syntax, list(SYNTAXES))
        handlers: list[Any] = [
            (evt.EVT_C_ECHO, lambda _: Answer.SUCCESS.value),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_PDU_RECV, self._count),
            (evt.EVT_REJECTED, _say_rejected),
        ]
        try:
            server = application.make_server(
                (settings.host, settings.port),
                ae_title=settings.ae_title,
                evt_handlers=handlers,
                ssl_context=encryption,
                server_class=_Server,
                request_handler=_Handler,
            )
        except OSError as error:
            raise UsageError(
                f"Port {settings.port} of {settings.host} cannot be opened ({error.strerror}); expected a "
                "free one of this machine. Give another --port."
            ) from error
        self._server = cast(_Server, server)
        self._thread = Thread(target=self._server.serve_forever, name="port", daemon=True)

    @property
    def port(self) -> int:
        """The open one."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Let senders come."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether senders are let in."""
        return self._thread.is_alive()

    def stop(self, drain_s: float) -> None:
        """Let nobody else come; those who are here get so many seconds to end, and are then cut off."""
        self._server.stop_listening()
        limit = time.monotonic() + drain_s
        while self._server.active_associations and time.monotonic() < limit:
            time.sleep(0.05)
        for association in self._server.active_associations:
            association.abort()

    def _store(self, event: evt.Event) -> int:
        request = cast(C_STORE, event.request)
        sop_class, sop_uid = request.AffectedSOPClassUID, request.AffectedSOPInstanceUID
        sender = event.assoc.requestor.ae_title.strip()
        return self._take(
            Received(event.dataset_path, str(sop_class or ""), str(sop_uid or ""), sender)
        ).value

    def _count(self, event: evt.Event) -> None:
        """Cut off a sender in the middle of an object that is larger than any may be."""
        association = event.assoc
        if not isinstance(event.pdu, P_DATA_TF):
            return
        so_far = getattr(association, _SO_FAR, 0)
        for item in event.pdu.presentation_data_value_items:
            content = item.presentation_data_value or b"\1"  # its first byte says whether it is of a command
            so_far = 0 if content[0] & 1 else so_far + len(content) - 1
        setattr(association, _SO_FAR, so_far)
        if so_far > self._largest:
            association.abort(block=False)


def _say_rejected(event: evt.Event) -> None:
    """Names are a stranger's text: what is not ASCII, or not printed, is written as its number."""
    title = ascii(event.assoc.requestor.ae_title.strip())
    asked = event.assoc.requestor.primitive
    called = ascii("" if asked is None else str(asked.called_ae_title).strip())
    print(f"rejected: {title} asked for {called}", file=sys.stderr, flush=True)


def _configure() -> None:
    """Objects go to the disk as they come, and the libraries' own words, which quote them, are kept in."""
    _config.STORE_RECV_CHUNKED_DATASET = True
    for name in ("pynetdicom", "pydicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"py(net)?dicom")
