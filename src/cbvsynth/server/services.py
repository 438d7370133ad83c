"""The gRPC services: methods to functions, refusals to codes, every request counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.configuration import models_of
from cbvsynth.server.information import model_metadata, model_status
from cbvsynth.server.messages import (
    HEALTH_SERVICE,
    NOT_SERVING,
    SERVICE_UNKNOWN,
    SERVING,
    HealthCheckRequest,
    HealthCheckResponse,
)
from cbvsynth.server.metrics import Metrics
from cbvsynth.server.models import ModelStore
from cbvsynth.server.predict import Predictor
from cbvsynth.server.refused import CLASSIFY, REGRESS, refuse, refuse_several

SERVICES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")

_WATCH_PAUSE_S = 0.2


@dataclass(frozen=True)
class Backend:
    """What the gRPC and the REST face share."""

    store: ModelStore
    predictor: Predictor
    metrics: Metrics = field(default_factory=Metrics)

    def counted(self, api: str, entrypoint: str, model: str, action: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Run a request and count it; refusals pass through."""
        begin = time.perf_counter()
        status = "INTERNAL"
        try:
            answer = action()
            status = "OK"
        except RefusedError as error:
            status = error.code
            raise
        else:
            return answer
        finally:
            known = model if self.store.states(model) else ""
            self.metrics.add(known, api, entrypoint, status, time.perf_counter() - begin)


def reload(store: ModelStore, request: model_management_pb2.ReloadConfigRequest) -> None:
    """Serve the models of a request from now on; returns when the new ones are loaded.

    Raises:
        RefusedError: INVALID_ARGUMENT: the list cannot be served; FAILED_PRECONDITION: a label names a
            version that is not available; UNKNOWN: a new model did not become available.
    """
    if request.config.WhichOneof("config") != "model_config_list":
        raise RefusedError(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is "
            "currently supported",
            code="INVALID_ARGUMENT",
        )
    try:
        wanted = models_of(request.config)
    except UsageError as error:
        raise RefusedError(str(error), code="INVALID_ARGUMENT") from error
    store.configure(wanted)
    store.reconcile()
    missing = sorted(name for name in wanted if not store.is_available(name))
    if missing:
        raise RefusedError(
            f"{len(missing)} model(s) did not become available: {', '.join(missing)}. Ask for their status.",
            code="UNKNOWN",
        )


class Health:
    """Answers grpc.health.v1; the whole server and both services share one state.

    Whoever watches holds a thread: no more may watch than `most_watchers`, so that predictions have theirs.
    """

    def __init__(self, most_watchers: int) -> None:
        self.status = SERVING
        self._ended = threading.Event()
        self._watchers = threading.BoundedSemaphore(most_watchers) if most_watchers else None

    def end(self) -> None:
        """Say NOT_SERVING from now on, and end what is watched."""
        self.status = NOT_SERVING
        self._ended.set()

    def check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401  classes made at run time
        """State of the server or of one of its services; NOT_FOUND for another name."""
        if request.service not in ("", HEALTH_SERVICE, *SERVICES):
            context.abort(grpc.StatusCode.NOT_FOUND, "service name unknown")
        return HealthCheckResponse(status=self.status)

    def watch(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ANN401
        """The state now, and again when it changes; RESOURCE_EXHAUSTED when too many watch."""
        if self._watchers is None or not self._watchers.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watch; ask with Check")
            return
        try:
            yield from self._states(request.service, context)
        finally:
            self._watchers.release()

    def _states(self, service: str, context: grpc.ServicerContext) -> Iterator[Any]:
        known = service in ("", HEALTH_SERVICE, *SERVICES)
        yield HealthCheckResponse(status=self.status if known else SERVICE_UNKNOWN)
        while context.is_active():
            if self._ended.wait(_WATCH_PAUSE_S):
                if known:
                    yield HealthCheckResponse(status=self.status)
                return

    def handler(self) -> grpc.GenericRpcHandler:
        """The service, to be added to a gRPC server."""
        kinds = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        return grpc.method_handlers_generic_handler(
            HEALTH_SERVICE,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self.check, **kinds),
                "Watch": grpc.unary_stream_rpc_method_handler(self.watch, **kinds),
            },
        )


def build_grpc(backend: Backend, threads: int, max_bytes: int, health: Health | None) -> grpc.Server:
    """The gRPC server, without a port yet."""
    server = grpc.server(
        ThreadPoolExecutor(max_workers=threads, thread_name_prefix="grpc"),
        options=[
            ("grpc.max_receive_message_length", max_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # a second server on the port is an error, not half of the requests
        ],
    )
    predictions = _Servicer(
        backend,
        {
            "Predict": backend.predictor.predict,
            "GetModelMetadata": lambda request: model_metadata(backend.store, request),
            "Classify": lambda request: refuse(backend.store, request, CLASSIFY),
            "Regress": lambda request: refuse(backend.store, request, REGRESS),
            "MultiInference": lambda request: refuse_several(backend.store, request),
        },
    )
    models = _Servicer(
        backend,
        {
            "GetModelStatus": lambda request: model_status(backend.store, request),
            "HandleReloadConfigRequest": lambda request: _reloaded(backend.store, request),
        },
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, server)
    if health is not None:
        server.add_generic_rpc_handlers((health.handler(),))
    return server


def _reloaded(
    store: ModelStore, request: model_management_pb2.ReloadConfigRequest
) -> model_management_pb2.ReloadConfigResponse:
    reload(store, request)
    return model_management_pb2.ReloadConfigResponse()


class _Servicer:
    """What the generated code asks for: a method per name."""

    def __init__(self, backend: Backend, methods: dict[str, Callable[[Any], Any]]) -> None:
        for name, method in methods.items():
            setattr(self, name, _method(backend, name, method))


def _method(
    backend: Backend, api: str, method: Callable[[Any], Any]
) -> Callable[[Any, grpc.ServicerContext], Any]:
    def answer(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401  any message
        model = request.model_spec.name if hasattr(request, "model_spec") else ""
        if not context.is_active():  # nobody waits any more; do not calculate
            context.abort(grpc.StatusCode.CANCELLED, "the caller is gone")
        try:
            return backend.counted(api, "GRPC", model, lambda: method(request))
        except RefusedError as error:
            context.abort(grpc.StatusCode[error.code], str(error))

    return answer
