"""What the gRPC and the REST face share: the models, how they predict, and what is told of each request."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from cbvsynth.errors import RefusedError
from cbvsynth.server.calls import CURRENT, Call, RequestLog
from cbvsynth.server.flags import ServerOptions
from cbvsynth.server.flight import Flight
from cbvsynth.server.methods.predict import Predictor
from cbvsynth.server.metrics import Metrics
from cbvsynth.server.store import ModelStore
from cbvsynth.wire.tracing import server_span


@dataclass(frozen=True)
class Backend:
    """Behind all faces; any number of threads may use it."""

    store: ModelStore
    options: ServerOptions
    metrics: Metrics = field(default_factory=Metrics)
    request_log: RequestLog = field(default_factory=RequestLog)
    flight: Flight = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "flight", Flight(self.options.max_bytes_in_flight))

    @property
    def predictor(self) -> Predictor:
        """Answers Predict."""
        return Predictor(self.store, self.options)

    @contextmanager
    def call(self, api: str, entrypoint: str, headers: Mapping[str, str]) -> Iterator[Call]:
        """A request: counted, traced and, where that is asked for, logged; refusals pass through.

        Args:
            api: the method's name, as in Predict.
            entrypoint: GRPC or REST.
            headers: of the request, names in small letters.
        """
        call = Call(api, entrypoint)
        token = CURRENT.set(call)
        with server_span(f"{entrypoint} {api}", headers) as span:
            try:
                yield call
                call.code = "OK"
            except RefusedError as error:
                call.code = error.code
                raise
            finally:
                CURRENT.reset(token)
                if call.code != "OK":
                    span.fail(call.code)
                # Names that clients make up share one row: they must not fill the memory.
                call.model = call.model if self.store.states(call.model) else ""
                span.note(model=call.model, version=call.version, code=call.code)
                span.note(request_bytes=call.request_bytes, reply_bytes=call.reply_bytes)
                self.metrics.add(call.model, call.api, call.entrypoint, call.code, call.seconds)
                if self.options.request_log == "json":
                    self.request_log.write(call, span.trace_id)


def fault(error: Exception) -> tuple[str, str]:
    """Code and text for an error that nobody foresaw: a fault of the server's, which its log places."""
    # Where it happened, without the exception's words, which may quote the request.
    print(
        "".join(traceback.format_tb(error.__traceback__)), type(error).__name__, file=sys.stderr, flush=True
    )
    return "INTERNAL", "The server failed over the request through a fault of its own; its log says where."
