"""The REST face: paths to methods, refusals to HTTP's codes, and the Prometheus page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_pb2,
)

from cbvsynth.errors import RefusedError
from cbvsynth.server.calls import Call
from cbvsynth.server.faces.backend import Backend, fault
from cbvsynth.server.faces.open_inference_rest import OpenInferenceRest
from cbvsynth.server.faces.rest_json import answer_json, claims_of, json_object
from cbvsynth.server.faces.rest_server import Reply, Request
from cbvsynth.server.methods.model_spec import model_of, version_of
from cbvsynth.server.methods.predict import run, signature_of
from cbvsynth.server.methods.refused import CLASSIFY, REGRESS, refuse
from cbvsynth.server.methods.status_and_metadata import SIGNATURES, model_metadata, model_status
from cbvsynth.server.tensors import invalid
from cbvsynth.signature import PREDICT_SIGNATURE

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
    "DEADLINE_EXCEEDED": 504,
}
"""HTTP status of a code; of every other one 500."""
JSON = "application/json"
CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST, GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
)

_PLACE = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_READ = re.compile(r"/v1/models(?:/(?P<name>[^/:]+))?" + _PLACE + r"(?P<metadata>/metadata)?", re.IGNORECASE)
_RUN = re.compile(
    r"/v1/models/(?P<name>[^/:]+)" + _PLACE + r":(?P<method>classify|regress|predict)", re.IGNORECASE
)
_JSON_WEIGHT = 16
"""What a byte of JSON may become in Python's lists: `[],` are 3 bytes and take 64."""


@dataclass(frozen=True)
class RestApi:
    """Answers REST requests from the same backend as gRPC.

    metrics_path: where the Prometheus page is; empty for nowhere.
    """

    backend: Backend
    metrics_path: str
    _third: OpenInferenceRest | None = field(init=False)

    def __post_init__(self) -> None:
        asked = self.backend.options.enable_open_inference_protocol
        object.__setattr__(self, "_third", OpenInferenceRest(self.backend) if asked else None)

    def answer(self, request: Request) -> Reply:
        """Answer a request of any method and path; refusals are replies too, always in the same form."""
        headers = CORS if self.backend.options.rest_api_enable_cors_support else ()
        try:
            kind, content = self._dispatch(request)
            return Reply(200, kind, content, headers)
        except RefusedError as error:
            code, text = error.code, str(error)
        except Exception as error:  # noqa: BLE001  whatever a request sets off, its client gets a reply
            code, text = fault(error)
        return Reply(HTTP_CODES.get(code, 500), JSON, error_body(text), headers)

    def _dispatch(self, request: Request) -> tuple[str, bytes]:
        try:
            path = urlsplit(request.path).path
        except ValueError as error:  # as of http://[/
            raise invalid(f"Malformed request: {request.method} {request.path}") from error
        reads = request.method in ("GET", "HEAD")
        if request.method == "OPTIONS":
            return JSON, self._preflight(request)
        if self.metrics_path and path == self.metrics_path and reads:
            return "text/plain; version=0.0.4", self.backend.metrics.page().encode()
        if self._third is not None and re.fullmatch(r"/v2(/.*)?", path):
            return JSON, self._third.answer(request, path)
        if not re.match(r"/v1/", path, re.IGNORECASE):
            raise RefusedError(f"Not found: {path}", code="NOT_FOUND")
        found = _READ.fullmatch(path) if reads else _RUN.fullmatch(path) if request.method == "POST" else None
        if found is None:
            raise invalid(f"Malformed request: {request.method} {path}")
        if reads:
            return JSON, self._get(found, request)
        return JSON, self._post(found, request)

    def _preflight(self, request: Request) -> bytes:
        if not re.match("https?://", request.headers.get("origin", "")):
            raise RefusedError("Origin header is missing in CORS preflight", code="FAILED_PRECONDITION")
        return b""

    def _get(self, found: re.Match[str], request: Request) -> bytes:
        if not found["name"]:
            raise invalid("Missing model name in request.")
        api = "GetModelMetadata" if found["metadata"] else "GetModelStatus"
        answer = self._metadata if found["metadata"] else self._status
        with self.backend.call(api, "REST", request.headers) as call:
            call.model = unquote(found["name"])
            content = json.dumps(answer(found), indent=1).encode() + b"\n"
            call.reply_bytes = len(content)
            return content

    def _post(self, found: re.Match[str], request: Request) -> bytes:
        api = found["method"].capitalize()
        answers: dict[str, Callable[[re.Match[str], bytes], bytes]] = {
            "Predict": self._predict,
            "Classify": lambda found, body: self._refuse(CLASSIFY, found, body),
            "Regress": lambda found, body: self._refuse(REGRESS, found, body),
        }
        with (
            self.backend.call(api, "REST", request.headers) as call,
            self.backend.flight.board() as passenger,
        ):
            call.model = unquote(found["name"])
            body = request.read_body(passenger.take)
            call.request_bytes = len(body)
            passenger.take(_JSON_WEIGHT * len(body))
            return _counted(call, answers[api](found, body) + b"\n")

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

    def _predict(self, found: re.Match[str], body: bytes) -> bytes:
        request = get_model_metadata_pb2.GetModelMetadataRequest()
        _fill_spec(request.model_spec, found)
        content = json_object(body)
        name = content.get("signature_name", "") or PREDICT_SIGNATURE
        with self.backend.store.borrow(*model_of(request)) as served:
            signature = served.model.signatures.get(name)
            if signature is None:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            if not signature.inputs:
                raise invalid(f"Failed to get input map for signature: {name}")
            claims = claims_of(content, signature)
            signature_of(served.model, name, self.backend.options)
            return answer_json(content, run(served.model, name, claims, (), self.backend.options))

    def _refuse(self, method: str, found: re.Match[str], body: bytes) -> NoReturn:
        task = inference_pb2.InferenceTask(method_name=method)
        _fill_spec(task.model_spec, found)
        task.model_spec.signature_name = json_object(body).get("signature_name", "")
        refuse(self.backend.store, task, method, self.backend.options)


def error_body(text: str) -> bytes:
    """The one form of every refusal."""
    return json.dumps({"error": text}).encode() + b"\n"


def _counted(call: Call, content: bytes) -> bytes:
    call.reply_bytes = len(content)
    return content


def _fill_spec(spec: model_pb2.ModelSpec, found: Mapping[str, str] | re.Match[str]) -> None:
    spec.name = unquote(found["name"])
    if found["version"]:
        spec.version.value = version_of(found["version"])
    elif found["label"]:
        spec.version_label = unquote(found["label"])


def _as_json(message: Any) -> dict[str, Any]:  # noqa: ANN401  any protobuf class
    content: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return content
