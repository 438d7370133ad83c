"""The REST face: status, metadata and predictions in JSON, and the Prometheus page."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn
from urllib.parse import urlsplit

from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
)

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.faces.backend import Backend
from cbvsynth.server.faces.rest_json import answer_json, fill_request, json_object, parse_body
from cbvsynth.server.methods.model_spec import DEFAULT_SIGNATURE, model_of
from cbvsynth.server.methods.refused import CLASSIFY, REGRESS, refuse
from cbvsynth.server.methods.status_and_metadata import SIGNATURES, model_metadata, model_status
from cbvsynth.server.tensors import invalid

HTTP_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
"""HTTP status of a code; of every other one 500."""

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_READ = re.compile(_MODEL + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_RUN = re.compile(_MODEL + r":(?P<method>classify|regress|predict)", re.IGNORECASE)
_LARGEST_VERSION = 2**63 - 1
_IDLE_S = 30.0
"""A connection on which nothing is said for so long is closed."""
_PIECE_BYTES = 65536


@dataclass(frozen=True)
class RestApi:
    """Answers REST requests from the same backend as gRPC.

    metrics_path: where the Prometheus page is; empty for nowhere.
    max_bytes: largest body.
    """

    backend: Backend
    metrics_path: str
    max_bytes: int

    def get(self, path: str) -> tuple[str, str]:
        """Content type and body of a status, of metadata, or of the Prometheus page.

        Raises:
            RefusedError: with the protocol's code and text.
        """
        if self.metrics_path and path == self.metrics_path:
            return "text/plain; version=0.0.4", self.backend.metrics.page()
        found = _READ.fullmatch(path)
        if found is None:
            raise invalid(f"Malformed request: GET {path}")
        api = "GetModelMetadata" if found["metadata"] else "GetModelStatus"
        answer = self._metadata if found["metadata"] else self._status
        content = self.backend.counted(api, "REST", found["name"], lambda: answer(found))
        return "application/json", json.dumps(content, indent=1) + "\n"

    def post(self, path: str, body: bytes) -> tuple[str, str]:
        """Content type and body of a prediction.

        Raises:
            RefusedError: with the protocol's code and text.
        """
        found = _RUN.fullmatch(path)
        if found is None:
            raise invalid(f"Malformed request: POST {path}")
        method = found["method"].capitalize()
        answer = {"Predict": self._predict, "Classify": self._classify, "Regress": self._regress}[method]
        content = self.backend.counted(method, "REST", found["name"], lambda: answer(found, body))
        return "application/json", json.dumps(content) + "\n"

    def _status(self, found: re.Match[str]) -> dict[str, Any]:
        request = get_model_status_pb2.GetModelStatusRequest()
        _fill_spec(request.model_spec, found)
        return _as_json(model_status(self.backend.store, request))

    def _metadata(self, found: re.Match[str]) -> dict[str, Any]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=[SIGNATURES])
        _fill_spec(request.model_spec, found)
        reply = model_metadata(self.backend.store, request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        reply.metadata[SIGNATURES].Unpack(signatures)
        return {"model_spec": _as_json(reply.model_spec), "metadata": {SIGNATURES: _as_json(signatures)}}

    def _predict(self, found: re.Match[str], body: bytes) -> dict[str, Any]:
        request = predict_pb2.PredictRequest()
        _fill_spec(request.model_spec, found)
        with self.backend.store.borrow(*model_of(request)) as served:
            content = parse_body(body)
            name = content.get("signature_name", "") or DEFAULT_SIGNATURE
            signature = served.model.signatures.get(name)
            if signature is None:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            fill_request(content, signature, request)
            return answer_json(content, self.backend.predictor.predict_on(served, request))

    def _classify(self, found: re.Match[str], body: bytes) -> NoReturn:
        self._refuse(CLASSIFY, found, body)

    def _regress(self, found: re.Match[str], body: bytes) -> NoReturn:
        self._refuse(REGRESS, found, body)

    def _refuse(self, method: str, found: re.Match[str], body: bytes) -> NoReturn:
        task = inference_pb2.InferenceTask(method_name=method)
        _fill_spec(task.model_spec, found)
        task.model_spec.signature_name = json_object(body).get("signature_name", "")
        refuse(self.backend.store, task, method)


def build_rest(api: RestApi, host: str, port: int) -> RestServer:
    """The HTTP server, listening; `serve_forever` answers.

    Raises:
        UsageError: the port cannot be taken.
    """
    try:
        return RestServer((host, port), api)
    except OSError as error:
        raise UsageError(
            f"--rest_api_port {port} on {host} cannot be opened ({error.strerror}); choose another one, or 0."
        ) from error


class RestServer(ThreadingHTTPServer):
    """An HTTP server that ends after the requests it has accepted, not after idle connections."""

    daemon_threads = True  # idle connections do not keep the process alive
    request_queue_size = 64  # http.server's 5 would refuse a burst of clients

    def __init__(self, address: tuple[str, int], api: RestApi) -> None:
        super().__init__(address, _Handler)
        self.api = api
        self._running = 0
        self._changed = threading.Condition()

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


def _fill_spec(spec: model_pb2.ModelSpec, found: re.Match[str]) -> None:
    spec.name = found["name"]
    if found["version"]:
        if int(found["version"]) > _LARGEST_VERSION:
            raise invalid(f"Failed to convert version: {found['version']} to numeric.")
        spec.version.value = int(found["version"])
    elif found["label"]:
        spec.version_label = found["label"]


def _as_json(message: Any) -> dict[str, Any]:  # noqa: ANN401  any protobuf class
    content: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return content


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: RestServer

    def do_GET(self) -> None:
        self._answer(self.server.api.get)

    def do_POST(self) -> None:
        self._answer(lambda path: self.server.api.post(path, self._body()))

    def do_PUT(self) -> None:
        self._answer(self._refuse)

    do_DELETE = do_PATCH = do_PUT  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Requests are counted, not logged."""

    def _answer(self, action: Callable[[str], tuple[str, str]]) -> None:
        with self.server.answering():
            try:
                kind, text = action(urlsplit(self.path).path)
                status = 200
            except RefusedError as error:
                kind, text = "application/json", json.dumps({"error": str(error)}) + "\n"
                status = HTTP_CODES.get(error.code, 500)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def _refuse(self, path: str) -> tuple[str, str]:
        self.close_connection = True  # the body stays unread and would be taken for the next request
        raise invalid(f"Malformed request: {self.command} {path}")

    def _body(self) -> bytes:
        text = self.headers.get("Content-Length", "")
        self.close_connection = True  # unless the whole body is read
        if not text.isdecimal():
            raise invalid("The request has no Content-Length; expected the number of bytes.")
        length, most = int(text), self.server.api.max_bytes
        if length > most:
            raise RefusedError(
                f"The body has {length} bytes, the limit is {most}.", code="RESOURCE_EXHAUSTED"
            )
        # In pieces: a length that is claimed and never sent must not take the memory at once.
        body = bytearray()
        while len(body) < length:
            piece = self.rfile.read(min(_PIECE_BYTES, length - len(body)))
            if not piece:
                raise invalid(f"The body ended after {len(body)} of {length} bytes.")
            body += piece
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        return bytes(body)
