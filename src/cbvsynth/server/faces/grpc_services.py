"""The gRPC services: methods to functions, refusals to codes, every request counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from cbvsynth.errors import RefusedError
from cbvsynth.server.faces.backend import Backend
from cbvsynth.server.faces.health import Health
from cbvsynth.server.methods.refused import CLASSIFY, REGRESS, refuse, refuse_several
from cbvsynth.server.methods.reload import reload
from cbvsynth.server.methods.status_and_metadata import model_metadata, model_status


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
            "HandleReloadConfigRequest": lambda request: reload(backend.store, request),
        },
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, server)
    if health is not None:
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
    return server


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
        try:
            return backend.counted(api, "GRPC", model, lambda: method(request))
        except RefusedError as error:
            context.abort(grpc.StatusCode[error.code], str(error))

    return answer
