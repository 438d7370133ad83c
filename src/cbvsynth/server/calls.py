"""What is counted, logged and traced of a request: names, numbers and sizes, never a value."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Call:
    """One request.

    api: the method's name, as in Predict.
    entrypoint: GRPC or REST.
    model: a served model's name, or empty: names that clients make up go nowhere.
    version: the registry's version that answers; 0 as long as none is found.
    code: OK, or the code of a refusal.
    """

    api: str
    entrypoint: str
    model: str = ""
    version: int = 0
    request_bytes: int = 0
    reply_bytes: int = 0
    code: str = "INTERNAL"
    begin: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self.begin


CURRENT: ContextVar[Call | None] = ContextVar("call", default=None)
"""The request that this thread answers."""


def note_served(model: str, version: int) -> None:
    """Say of the present request which model and version it was given to."""
    call = CURRENT.get()
    if call is not None:
        call.model, call.version = model, version


class RequestLog:
    """A JSON line on the standard error for every request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def write(self, call: Call, trace: str) -> None:
        """Write a request's line; `trace` is the trace that it belongs to, empty for none."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "api": call.api,
            "entrypoint": call.entrypoint,
            "model": call.model,
            "version": call.version,
            "code": call.code,
            "duration_ms": round(call.seconds * 1e3, 1),
            "request_bytes": call.request_bytes,
            "reply_bytes": call.reply_bytes,
        }
        if trace:
            line["trace_id"] = trace
        with self._lock:
            print(json.dumps(line), file=sys.stderr, flush=True)
