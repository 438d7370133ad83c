"""The Open Inference Protocol over gRPC: its messages from and to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2

from cbvsynth import __version__
from cbvsynth.errors import RefusedError
from cbvsynth.server.calls import note_served
from cbvsynth.server.faces.backend import Backend
from cbvsynth.server.methods.open_inference import (
    BYTES,
    PLATFORM,
    Asked,
    Tensor,
    claim,
    infer,
    is_ready,
    model_facts,
    numpy_kind,
    word_for,
)
from cbvsynth.server.tensors import TEXT_BYTES, Array, Claim, from_bytes, invalid
from cbvsynth.wire.open_inference import DATATYPES, METHODS, SERVICE, SIGNATURE_PARAMETER, message_class

OPEN_INFERENCE = SERVICE

_LISTS = {
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "BOOL": "bool_contents",
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}
"""Where values of a datatype are listed; FP16 is sent in raw form only."""

_LENGTH_BYTES = 4
"""Before every text of a raw tensor stands its length."""

_Answer = Callable[[Any], Any]


def open_inference_methods(backend: Backend) -> Mapping[str, tuple[Any, _Answer]]:
    """Method -> class of its request, and what answers it."""
    store = backend.store
    classes = {name: tuple(map(message_class, pair)) for name, pair in METHODS.items()}

    def ready(request: Any) -> Any:  # noqa: ANN401  a class made at run time
        try:
            answer = is_ready(store, request.name, request.version)
        except RefusedError as error:
            if error.code != "NOT_FOUND":
                raise
            answer = False
        return classes["ModelReady"][1](ready=answer)

    answers: dict[str, _Answer] = {
        "ServerLive": lambda _: classes["ServerLive"][1](live=True),
        "ServerReady": lambda _: classes["ServerReady"][1](ready=store.is_ready()),
        "ModelReady": ready,
        "ServerMetadata": lambda _: classes["ServerMetadata"][1](name="cbvsynth", version=__version__),
        "ModelMetadata": lambda request: _metadata(backend, request, classes["ModelMetadata"][1]),
        "ModelInfer": lambda request: _infer(backend, request, classes["ModelInfer"][1]),
    }
    return {name: (classes[name][0], answer) for name, answer in answers.items()}


def _metadata(backend: Backend, request: Any, kind: Any) -> Any:  # noqa: ANN401  classes made at run time
    facts = model_facts(backend.store, request.name, request.version)
    reply = kind(name=facts.name, versions=map(str, facts.versions), platform=PLATFORM)
    for target, tensors in ((reply.inputs, facts.inputs), (reply.outputs, facts.outputs)):
        for one in tensors:
            _add(target, one)
    return reply


def _infer(backend: Backend, request: Any, kind: Any) -> Any:  # noqa: ANN401  classes made at run time
    asked = Asked(
        model=request.model_name,
        version=request.model_version,
        signature=request.parameters[SIGNATURE_PARAMETER].string_param,
        outputs=tuple(one.name for one in request.outputs),
        claims=lambda signature: _claims(request, signature),
    )
    version, outputs = infer(backend.store, backend.options, asked)
    note_served(request.model_name, version)
    reply = kind(model_name=request.model_name, model_version=str(version), id=request.id)
    for name, array in outputs.items():
        word = word_for(array)
        _add(reply.outputs, Tensor(name, word, array.shape))
        reply.raw_output_contents.append(_raw(array, word))
    return reply


def _add(target: Any, tensor: Tensor) -> None:  # noqa: ANN401  a class made at run time
    target.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)


def _claims(request: Any, signature: meta_graph_pb2.SignatureDef) -> list[Claim]:  # noqa: ANN401
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise invalid(
            f"{len(raw)} raw tensors were sent for {len(request.inputs)} inputs; expected as many, or none."
        )
    return [_claim(one, raw[place] if raw else None, signature) for place, one in enumerate(request.inputs)]


def _claim(one: Any, raw: bytes | None, signature: meta_graph_pb2.SignatureDef) -> Claim:  # noqa: ANN401
    shape = tuple(map(int, one.shape))
    if raw is not None and one.HasField("contents"):
        raise invalid(f'input "{one.name}" was sent in raw form and as a list; expected one of them.')
    if raw is None:
        field = _LISTS.get(one.datatype)
        values = getattr(one.contents, field) if field else ()
        size = TEXT_BYTES if one.datatype == BYTES else np.dtype(DATATYPES.get(one.datatype, "u1")).itemsize
        sent = len(values) * size
        return claim(
            one.name,
            one.datatype,
            shape,
            signature,
            (sent, lambda: _listed(values, one.datatype, shape, one.name)),
        )
    if one.datatype == BYTES:
        sent = len(raw) // _LENGTH_BYTES * TEXT_BYTES
        return claim(one.name, BYTES, shape, signature, (sent, lambda: _texts(raw, shape, one.name)))
    return claim(
        one.name,
        one.datatype,
        shape,
        signature,
        (len(raw), lambda: from_bytes(raw, numpy_kind(one.datatype), shape, one.name)),
    )


def _listed(values: Any, datatype: str, shape: tuple[int, ...], name: str) -> Array:  # noqa: ANN401
    kind = np.dtype(object) if datatype == BYTES else np.dtype(DATATYPES[datatype])
    if len(values) != int(np.prod(shape, dtype=object)):
        raise invalid(f'input "{name}" has shape {list(shape)} and {len(values)} values.')
    try:
        return np.array(values, dtype=kind).reshape(shape)
    except OverflowError as error:
        raise invalid(f'input "{name}" holds a value that {datatype} does not reach.') from error


def _texts(raw: bytes, shape: tuple[int, ...], name: str) -> Array:
    texts, place = [], 0
    while place < len(raw):
        begin = place + _LENGTH_BYTES
        place = begin + int.from_bytes(raw[place:begin], "little")
        texts.append(raw[begin:place])
        if place > len(raw):
            raise invalid(f'input "{name}" ends in the middle of a text.')
    return _listed(texts, BYTES, shape, name)


def _raw(array: Array, word: str) -> bytes:
    if word != BYTES:
        return array.astype(numpy_kind(word), copy=False).tobytes()
    texts = [one if isinstance(one, bytes) else str(one).encode() for one in array.reshape(-1).tolist()]
    return b"".join(len(text).to_bytes(_LENGTH_BYTES, "little") + text for text in texts)
