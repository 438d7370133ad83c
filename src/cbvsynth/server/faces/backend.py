"""What the gRPC and the REST face share: the models, how they predict, and the count of requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cbvsynth.errors import RefusedError
from cbvsynth.server.methods.predict import Predictor
from cbvsynth.server.metrics import Metrics
from cbvsynth.server.store import ModelStore


@dataclass(frozen=True)
class Backend:
    """Behind both faces; any number of threads may use it."""

    store: ModelStore
    predictor: Predictor
    metrics: Metrics = field(default_factory=Metrics)

    def counted(self, api: str, entrypoint: str, model: str, action: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Run a request and count it; refusals pass through.

        Args:
            api: the method's name, as in Predict.
            entrypoint: GRPC or REST.
            model: the name that the request gives.
            action: answers the request.
        """
        begin = time.perf_counter()
        status = "INTERNAL"  # unless the request is answered, or refused with a code of its own
        try:
            answer = action()
            status = "OK"
        except RefusedError as error:
            status = error.code
            raise
        else:
            return answer
        finally:
            # Names that clients make up share one row: they must not fill the memory.
            known = model if self.store.states(model) else ""
            self.metrics.add(known, api, entrypoint, status, time.perf_counter() - begin)
