"""The gRPC services: methods to functions, refusals to codes, every request counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from cbvsynth.errors import RefusedError
from cbvsynth.server.faces.backend import Backend, fault
from cbvsynth.server.faces.health import Health
from cbvsynth.server.faces.open_inference_grpc import OPEN_INFERENCE, open_inference_methods
from cbvsynth.server.faces.patience import Patience
from cbvsynth.server.faces.reflection import add_reflection
from cbvsynth.server.methods.refused import CLASSIFY, REGRESS, refuse, refuse_several
from cbvsynth.server.methods.reload import reload
from cbvsynth.server.methods.status_and_metadata import model_metadata, model_status

PREDICTIONS, MODELS = "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"

_MOST_WAITING = 1000
"""Requests that may wait for a thread; their messages are not read before one takes them."""
_MOST_STREAMS = 128
"""Requests of one connection at a time; the client holds back the others."""
_SECOND_MS = 1000
_CONNECTIONS = {
    # One that says nothing is closed, and one whose client is gone without a word is found.
    "grpc.server_handshake_timeout_ms": 20 * _SECOND_MS,
    "grpc.keepalive_time_ms": 60 * _SECOND_MS,
    "grpc.keepalive_timeout_ms": 20 * _SECOND_MS,
    "grpc.keepalive_permit_without_calls": 1,
    # Clients open another one without being told; requests that run have ten minutes to end.
    "grpc.max_connection_idle_ms": 600 * _SECOND_MS,
    "grpc.max_connection_age_ms": 3600 * _SECOND_MS,
    "grpc.max_connection_age_grace_ms": 600 * _SECOND_MS,
}
"""How long connections last, for those who only hold them."""
_UNCOMPRESSED = 1
"""gRPC's set of one algorithm, none: a few kilobytes, unpacked, would fill the memory."""
_LONGEST_WAIT_S = 30.0
_MOST_DETAILS = 1000
"""Characters of an error's text: it travels in a header, of which gRPC takes 8 KB."""


@dataclass(frozen=True)
class Method:
    """A method of a service: the class of its request, and what answers it."""

    request: Any
    answer: Callable[[Any], Any]


def build_grpc(backend: Backend, health: Health | None) -> grpc.Server:
    """The gRPC server, without a port yet.

    Raises:
        InstallationError: reflection is asked for, and its package is not there.
    """
    options = backend.options
    threads = ThreadPoolExecutor(options.grpc_max_threads, thread_name_prefix="grpc")
    server = grpc.server(
        threads,
        interceptors=[Patience(options.grpc_request_timeout_in_ms / 1000)],
        options=[
            ("grpc.max_receive_message_length", options.max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", _MOST_STREAMS),
            ("grpc.compression_enabled_algorithms_bitset", _UNCOMPRESSED),
            *_CONNECTIONS.items(),
            ("grpc.so_reuseport", 0),  # a second server on the port is an error, not half of the requests
            *options.channel_arguments,
        ],
        maximum_concurrent_rpcs=options.grpc_max_threads + _MOST_WAITING,
    )
    services = {PREDICTIONS: _predictions(backend), MODELS: _models(backend)}
    if options.enable_open_inference_protocol:
        services[OPEN_INFERENCE] = {
            name: Method(request, answer)
            for name, (request, answer) in open_inference_methods(backend).items()
        }
    for service, methods in services.items():
        handlers = {name: _handler(backend, name, method) for name, method in methods.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    if health is not None:
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
    if options.enable_grpc_reflection:
        add_reflection(server, tuple(services), with_health=health is not None)
    return server


def _predictions(backend: Backend) -> Mapping[str, Method]:
    store = backend.store
    return {
        "Predict": Method(predict_pb2.PredictRequest, backend.predictor.predict),
        "GetModelMetadata": Method(
            get_model_metadata_pb2.GetModelMetadataRequest, lambda request: model_metadata(store, request)
        ),
        "Classify": Method(
            classification_pb2.ClassificationRequest,
            lambda request: refuse(store, request, CLASSIFY, backend.options),
        ),
        "Regress": Method(
            regression_pb2.RegressionRequest,
            lambda request: refuse(store, request, REGRESS, backend.options),
        ),
        "MultiInference": Method(
            inference_pb2.MultiInferenceRequest,
            lambda request: refuse_several(store, request, backend.options),
        ),
    }


def _models(backend: Backend) -> Mapping[str, Method]:
    store = backend.store
    return {
        "GetModelStatus": Method(
            get_model_status_pb2.GetModelStatusRequest, lambda request: model_status(store, request)
        ),
        "HandleReloadConfigRequest": Method(
            model_management_pb2.ReloadConfigRequest, lambda request: reload(store, request)
        ),
    }


def _handler(backend: Backend, api: str, method: Method) -> grpc.RpcMethodHandler:
    def answer(message: bytes, context: grpc.ServicerContext) -> bytes:
        headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        left_s = context.time_remaining()
        wait_s = _LONGEST_WAIT_S if left_s is None else min(left_s, _LONGEST_WAIT_S)
        try:
            with backend.call(api, "GRPC", headers) as call, backend.flight.board(wait_s) as passenger:
                call.request_bytes = len(message)
                passenger.take(len(message))
                request = _parsed(method.request, message)
                call.model = _model_of(request)
                reply: bytes = method.answer(request).SerializeToString()
                call.reply_bytes = len(reply)
                return reply
        except RefusedError as error:
            # No name for the error itself: it would hold its own frame, and with it the message.
            code, text = error.code, str(error)
        except Exception as error:  # noqa: BLE001  gRPC would say UNKNOWN with the exception's words
            code, text = fault(error)
        context.abort(grpc.StatusCode[code], text[:_MOST_DETAILS])
        raise AssertionError("abort raises")

    # Without a deserializer of gRPC's: a message that is none would put a traceback into the log.
    return grpc.unary_unary_rpc_method_handler(answer)


def _parsed(kind: Any, message: bytes) -> Any:  # noqa: ANN401  any message
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise RefusedError(f"The message is no {kind.DESCRIPTOR.name}.", code="INTERNAL") from error


def _model_of(request: Any) -> str:  # noqa: ANN401  any message
    names = request.DESCRIPTOR.fields_by_name
    if "model_spec" in names:
        return str(request.model_spec.name)
    return str(getattr(request, "model_name" if "model_name" in names else "name", ""))
