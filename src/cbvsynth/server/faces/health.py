"""grpc.health.v1: is the server, or one of its services, ready for requests?"""

from __future__ import annotations

import threading
from typing import Any

import grpc
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

SERVICES = (
    health.OVERALL_HEALTH,
    health.SERVICE_NAME,
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
    # The production server knows its services by these names alone.
    "PredictionService",
    "ModelService",
)


class Health(health.HealthServicer):  # type: ignore[misc]  # it has no types
    """SERVING from the first request on: the port opens only when every model is loaded.

    Whoever watches holds a thread: no more may watch than `most_watchers`, so that predictions have theirs.
    The servicer's other mode holds none, but there the server hangs for ever when it says NOT_SERVING while
    a watcher leaves: both wait for the lock that the other one holds.
    """

    def __init__(self, most_watchers: int) -> None:
        super().__init__(experimental_non_blocking=False)
        self._most_watchers = most_watchers
        self._watchers: set[Any] = set()
        self._watchers_lock = threading.Lock()
        self._ended = False
        for service in SERVICES:
            self.set(service, HealthCheckResponse.SERVING)

    def Watch(  # noqa: N802  the generated code's name
        self,
        request: HealthCheckRequest,
        context: grpc.ServicerContext,
        send_response_callback: None = None,
    ) -> Any:  # noqa: ANN401  an iterator of the package's own
        """The state now, and again when it changes; RESOURCE_EXHAUSTED when too many watch."""
        with self._watchers_lock:
            if len(self._watchers) >= self._most_watchers:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watch; ask with Check")
            watcher = super().Watch(request, context, send_response_callback)
            self._watchers.add(watcher)
            if self._ended:
                watcher.close()
        if not context.add_callback(lambda: self._forget(watcher)):
            self._forget(watcher)  # the caller is gone already
        return watcher

    def end(self) -> None:
        """Say NOT_SERVING from now on, and end every watch: the server would wait for them to the last."""
        self.enter_graceful_shutdown()
        with self._watchers_lock:
            self._ended = True
            for watcher in self._watchers:
                watcher.close()

    def _forget(self, watcher: Any) -> None:  # noqa: ANN401  an iterator of the package's own
        with self._watchers_lock:
            self._watchers.discard(watcher)
