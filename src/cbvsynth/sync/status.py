"""What sync reports about itself over HTTP: has it started, and the page that Prometheus reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cbvsynth.errors import UsageError

STARTED = "/started"
METRICS = "/metrics"
LAST_SUCCESS = "cbvsynth_sync_last_success_timestamp_seconds"
ROUNDS = "cbvsynth_sync_rounds_total"
SERVED_VERSION = "cbvsynth_sync_served_version"
_IDLE_S = 10.0


@dataclass
class SyncStatus:
    """Counts of rounds, and which version each label was on after the last one that went well.

    clock: seconds since 1970.
    """

    clock: Callable[[], float] = time.time
    _rounds: dict[str, int] = field(default_factory=lambda: {"ok": 0, "failed": 0}, init=False)
    _last_success_s: float = field(default=0.0, init=False)
    _labels: Mapping[str, int] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def succeeded(self, labels: Mapping[str, int]) -> None:
        """Count a round after which versions, selection.json and models.config are what the registry says."""
        with self._lock:
            self._rounds["ok"] += 1
            self._last_success_s = self.clock()
            self._labels = dict(labels)

    def failed(self) -> None:
        """Count a round after which what was served stays."""
        with self._lock:
            self._rounds["failed"] += 1

    def page(self) -> str:
        """Prometheus' text. A label that is not there has no line, and neither has a success before one."""
        with self._lock:
            lines = [f"# TYPE {ROUNDS} counter"]
            lines += [f'{ROUNDS}{{result="{result}"}} {count}' for result, count in self._rounds.items()]
            if self._last_success_s:
                lines += [f"# TYPE {LAST_SUCCESS} gauge", f"{LAST_SUCCESS} {self._last_success_s:.3f}"]
            if self._labels:
                lines.append(f"# TYPE {SERVED_VERSION} gauge")
            lines += [
                f'{SERVED_VERSION}{{label="{label}"}} {number}'
                for label, number in sorted(self._labels.items())
            ]
        return "\n".join(lines) + "\n"


@contextmanager
def answering(port: int, status: SyncStatus, started: Callable[[], bool]) -> Iterator[int]:
    """Answer on every network while the block runs; yields the port.

    GET /started is 200 as soon as there is something for a server to load, and 503 before. GET /metrics is
    the Prometheus page.

    Args:
        port: 0 takes a free one.
        status: what the page shows.
        started: whether models.config is there.

    Raises:
        UsageError: the port cannot be taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _IDLE_S

        def do_GET(self) -> None:
            if self.path == METRICS:
                self._send(200, status.page())
            elif self.path == STARTED:
                self._send(200, "started\n") if started() else self._send(503, "not yet\n")
            else:
                self._send(404, f"expected {STARTED} or {METRICS}\n")

        def _send(self, code: int, text: str) -> None:
            content = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
            """Probes are not logged."""

    try:
        server = ThreadingHTTPServer(("0.0.0.0", port), Handler)  # noqa: S104  probes come from the node
    except OSError as error:
        raise UsageError(
            f"--status_port {port} cannot be opened; is another program there? Choose another one."
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
