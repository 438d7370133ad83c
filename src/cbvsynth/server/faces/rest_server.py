"""HTTP for the REST face: connections, a deadline for every request, one form of error, an orderly end."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.faces.http_body import read_body
from cbvsynth.server.flags import ServerOptions

_IDLE_S = 30.0
"""A connection on which no request begins for so long is closed."""
_MOST_CONNECTIONS = 512
"""Each holds a thread; further ones are closed at once."""


@dataclass(frozen=True)
class Request:
    """A request whose body is still to be read.

    path: as sent, with what follows a question mark.
    headers: names in small letters.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    read_body: Callable[[Callable[[int], None]], bytes]
    """Reads the body; asks its argument before every piece is kept."""


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    status: int
    kind: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()


Answer = Callable[[Request], Reply]


def build_rest(answer: Answer, options: ServerOptions) -> RestServer:
    """The HTTP server, listening; `serve_forever` answers.

    Raises:
        UsageError: the port cannot be taken.
    """
    try:
        return RestServer((options.host, options.rest_api_port), answer, options)
    except OSError as error:
        raise UsageError(
            f"--rest_api_port {options.rest_api_port} on {options.host} cannot be opened ({error.strerror}); "
            "choose another one, or 0."
        ) from error


class RestServer(ThreadingHTTPServer):
    """An HTTP server that ends after the requests it has accepted, not after idle connections."""

    daemon_threads = True  # idle connections do not keep the process alive
    request_queue_size = 64  # http.server's 5 would refuse a burst of clients

    def __init__(self, address: tuple[str, int], answer: Answer, options: ServerOptions) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)
        self.answer = answer
        self.options = options
        self.places = threading.BoundedSemaphore(options.rest_threads)
        self._connections = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._running = 0
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  socketserver's
        """Begin a connection, unless there are too many."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  socketserver's
        """Run a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Have `finish` wait for the block."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def finish(self, grace_s: float) -> None:
        """Accept nothing more, wait for requests that are being answered, close."""
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0, grace_s)
        self.server_close()


class _Timed(io.RawIOBase):
    """What a connection says until a moment: however slowly it says it, the moment does not move."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.deadline = time.monotonic() + _IDLE_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  io's
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        try:
            return self._connection.recv_into(buffer)
        except ConnectionError:
            return 0  # gone, as at the end


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: RestServer

    def setup(self) -> None:
        super().setup()
        self._timed = _Timed(self.connection)
        self.rfile.close()
        self.rfile = io.BufferedReader(self._timed)

    def handle_one_request(self) -> None:
        self._timed.deadline = time.monotonic() + _IDLE_S
        super().handle_one_request()

    def parse_request(self) -> bool:
        # The request has begun: from here on its own time runs.
        self._timed.deadline = time.monotonic() + self.server.options.rest_api_timeout_in_ms / 1e3
        return super().parse_request()

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        self.close_connection = has_body or headers.get("connection", "").lower() == "close"
        places = ExitStack()

        def read(take: Callable[[int], None]) -> bytes:
            if len(self.headers.get_all("content-length", ())) > 1:
                raise RefusedError("The request has two lengths; expected one.", code="INVALID_ARGUMENT")
            most = self.server.options.max_request_bytes
            try:
                body = read_body(self.rfile, headers, most, take)
            except TimeoutError as error:
                timeout_ms = self.server.options.rest_api_timeout_in_ms
                raise RefusedError(
                    f"The request did not come within {timeout_ms} ms.", code="DEADLINE_EXCEEDED"
                ) from error
            # Only now: whoever sends slowly takes no other's place.
            places.enter_context(self.server.places)
            # An unread body would be taken for the next request.
            self.close_connection = headers.get("connection", "").lower() == "close"
            return body

        with self.server.answering():
            with places:
                reply = self.server.answer(Request(self.command, self.path, headers, read))
            self._send(reply)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What http.server itself refuses, in the same form as everything else."""
        self.close_connection = True
        self.command = self.command or ""
        self.request_version = self.protocol_version  # it writes no headers for a line that it cannot read
        text = json.dumps({"error": message or self.responses[code][0]}).encode() + b"\n"
        self._send(Reply(code, "application/json", text))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Requests are counted and, if asked for, logged elsewhere."""

    def version_string(self) -> str:
        """No versions of Python and of ours for everyone to read."""
        return "cbvsynth"

    def _send(self, reply: Reply) -> None:
        # A client that does not read its reply holds the thread no longer than one that does not speak.
        self.connection.settimeout(_IDLE_S)
        try:
            self._write(reply)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in (("Content-Type", reply.kind), *reply.headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)
