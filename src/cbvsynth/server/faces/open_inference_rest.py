"""The Open Inference Protocol over REST: its paths, and its JSON from and to arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth import __version__
from cbvsynth.errors import RefusedError
from cbvsynth.server.faces.backend import Backend
from cbvsynth.server.faces.rest_json import json_object
from cbvsynth.server.faces.rest_server import Request
from cbvsynth.server.faces.rest_tensors import array_from, dumps, texts_of
from cbvsynth.server.methods.open_inference import (
    BYTES,
    PLATFORM,
    Asked,
    claim,
    infer,
    is_ready,
    model_facts,
    word_for,
)
from cbvsynth.server.tensors import Array, Claim, claim_of_array, invalid
from cbvsynth.wire.open_inference import SIGNATURE_PARAMETER

_MODEL = re.compile(r"/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?P<what>ready|infer))?")
_JSON_WEIGHT = 16
"""As in rest.py."""


class OpenInferenceRest:
    """Answers what begins with /v2."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def answer(self, request: Request, path: str) -> bytes:
        """The JSON of a reply.

        Raises:
            RefusedError: with the protocol's code.
        """
        reads = request.method in ("GET", "HEAD")
        if reads and path == "/v2":
            return orjson.dumps({"name": "cbvsynth", "version": __version__, "extensions": []})
        if reads and path == "/v2/health/live":
            return orjson.dumps({"live": True})
        if reads and path == "/v2/health/ready":
            if not self._backend.store.is_ready():
                raise RefusedError("Not every model has a version that answers.", code="UNAVAILABLE")
            return orjson.dumps({"ready": True})
        found = _MODEL.fullmatch(path)
        if (
            found is None
            or reads is (found["what"] == "infer")
            or request.method not in ("GET", "HEAD", "POST")
        ):
            raise RefusedError(f"Not found: {request.method} {path}", code="NOT_FOUND")
        name, version = unquote(found["name"]), unquote(found["version"] or "")
        if found["what"] == "infer":
            return self._infer(request, name, version)
        api = "ModelReady" if found["what"] else "ModelMetadata"
        with self._backend.call(api, "REST", request.headers) as call:
            call.model = name
            if found["what"]:
                return orjson.dumps({"name": name, "ready": is_ready(self._backend.store, name, version)})
            return self._metadata(name, version)

    def _metadata(self, name: str, version: str) -> bytes:
        facts = model_facts(self._backend.store, name, version)
        shown = {
            key: [{"name": one.name, "datatype": one.datatype, "shape": one.shape} for one in tensors]
            for key, tensors in (("inputs", facts.inputs), ("outputs", facts.outputs))
        }
        versions = [str(number) for number in facts.versions]
        return orjson.dumps({"name": name, "versions": versions, "platform": PLATFORM, **shown})

    def _infer(self, request: Request, name: str, version: str) -> bytes:
        with (
            self._backend.call("ModelInfer", "REST", request.headers) as call,
            self._backend.flight.board() as passenger,
        ):
            call.model = name
            body = request.read_body(passenger.take)
            call.request_bytes = len(body)
            passenger.take(_JSON_WEIGHT * len(body))
            content = json_object(body)
            parameters = content.get("parameters", {})
            asked = Asked(
                model=name,
                version=version,
                signature=_text(parameters, SIGNATURE_PARAMETER) if isinstance(parameters, dict) else "",
                outputs=[_text(one, "name") for one in _objects(content, "outputs")],
                claims=lambda signature: [_claim(one, signature) for one in _objects(content, "inputs")],
            )
            number, outputs = infer(self._backend.store, self._backend.options, asked)
            reply = _reply(name, number, _text(content, "id"), outputs)
            call.reply_bytes = len(reply)
            return reply


def _objects(content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = content.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid(f"'{key}' must be a list of objects.")
    return found


def _text(content: Mapping[str, Any], key: str) -> str:
    found = content.get(key, "")
    if not isinstance(found, str):
        raise invalid(f"'{key}' must be a text.")
    return found


def _claim(content: Mapping[str, Any], signature: meta_graph_pb2.SignatureDef) -> Claim:
    name, datatype, shape = _text(content, "name"), _text(content, "datatype"), content.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise invalid(f'input "{name}" has no shape; expected a list of whole numbers.')
    if "data" not in content:
        raise invalid(f'input "{name}" has no data; tensors in binary form are sent over gRPC.')
    declared = claim(name, datatype, shape, signature, (0, _unused))
    if name not in signature.inputs:
        return declared  # refused by name, together with what is missing
    array = array_from(content["data"], declared.dtype)
    if array.shape != declared.shape:  # nested, or in one row
        if array.ndim != 1 or array.size != _size(declared.shape):
            raise invalid(f'input "{name}" has shape {shape} and data of shape {list(array.shape)}.')
        array = array.reshape(declared.shape)
    return claim_of_array(name, declared.dtype, array)


def _unused() -> Array:
    raise AssertionError("refused before it is unpacked")


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for one in shape:
        size *= one
    return size


def _reply(name: str, version: int, identity: str, outputs: Mapping[str, Array]) -> bytes:
    head = {"model_name": name, "model_version": str(version), **({"id": identity} if identity else {})}
    tensors = []
    for key, array in outputs.items():
        word = word_for(array)
        facts = orjson.dumps({"name": key, "datatype": word, "shape": array.shape})
        flat = array.reshape(-1)
        data = dumps(texts_of(flat, as_base64=False) if word == BYTES else flat)
        tensors.append(facts[:-1] + b',"data":' + data + b"}")
    return orjson.dumps(head)[:-1] + b',"outputs":[' + b",".join(tensors) + b"]}\n"
