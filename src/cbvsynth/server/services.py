"""The gRPC services: methods to functions, refusals to codes, every request counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.configuration import models_of
from cbvsynth.server.health import Health
from cbvsynth.server.information import model_metadata, model_status
from cbvsynth.server.metrics import Metrics
from cbvsynth.server.models import ModelStore
from cbvsynth.server.predict import Predictor
from cbvsynth.server.refused import CLASSIFY, REGRESS, refuse, refuse_several


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
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
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
