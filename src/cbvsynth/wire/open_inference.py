"""The messages of the Open Inference Protocol, KServe's version 2, built without a package of theirs.

Source: field numbers and names as published in kserve/open-inference-protocol,
specification/protocol/open_inference_grpc.proto; tests/wire/test_open_inference.py compares every one with
the classes that its makers publish.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf import message_factory

from cbvsynth.wire.schema import Field, build_pool

SERVICE = "inference.GRPCInferenceService"
SIGNATURE_PARAMETER = "signature_name"
"""Parameter of a request that names a signature other than the one for predictions."""

_NAME_AND_VERSION = (("name", 1, "string"), ("version", 2, "string"))
_PARAMETERS = "map inference.InferParameter"


def _tensor(*more: Field) -> tuple[Field, ...]:
    return (("name", 1, "string"), ("datatype", 2, "string"), ("shape", 3, "repeated int64"), *more)


_FILLED = _tensor(("parameters", 4, _PARAMETERS), ("contents", 5, "inference.InferTensorContents"))

MESSAGES: dict[str, tuple[Field, ...]] = {
    "ServerLiveRequest": (),
    "ServerLiveResponse": (("live", 1, "bool"),),
    "ServerReadyRequest": (),
    "ServerReadyResponse": (("ready", 1, "bool"),),
    "ModelReadyRequest": _NAME_AND_VERSION,
    "ModelReadyResponse": (("ready", 1, "bool"),),
    "ServerMetadataRequest": (),
    "ServerMetadataResponse": (*_NAME_AND_VERSION, ("extensions", 3, "repeated string")),
    "ModelMetadataRequest": _NAME_AND_VERSION,
    "ModelMetadataResponse.TensorMetadata": _tensor(),
    "ModelMetadataResponse": (
        ("name", 1, "string"),
        ("versions", 2, "repeated string"),
        ("platform", 3, "string"),
        ("inputs", 4, "repeated inference.ModelMetadataResponse.TensorMetadata"),
        ("outputs", 5, "repeated inference.ModelMetadataResponse.TensorMetadata"),
        ("properties", 6, "map string"),
    ),
    "InferParameter": (
        ("bool_param", 1, "bool"),
        ("int64_param", 2, "int64"),
        ("string_param", 3, "string"),
        ("double_param", 4, "double"),
        ("uint64_param", 5, "uint64"),
    ),
    "InferTensorContents": (
        ("bool_contents", 1, "repeated bool"),
        ("int_contents", 2, "repeated int32"),
        ("int64_contents", 3, "repeated int64"),
        ("uint_contents", 4, "repeated uint32"),
        ("uint64_contents", 5, "repeated uint64"),
        ("fp32_contents", 6, "repeated float"),
        ("fp64_contents", 7, "repeated double"),
        ("bytes_contents", 8, "repeated bytes"),
    ),
    "ModelInferRequest.InferInputTensor": _FILLED,
    "ModelInferRequest.InferRequestedOutputTensor": (("name", 1, "string"), ("parameters", 2, _PARAMETERS)),
    "ModelInferRequest": (
        ("model_name", 1, "string"),
        ("model_version", 2, "string"),
        ("id", 3, "string"),
        ("parameters", 4, _PARAMETERS),
        ("inputs", 5, "repeated inference.ModelInferRequest.InferInputTensor"),
        ("outputs", 6, "repeated inference.ModelInferRequest.InferRequestedOutputTensor"),
        ("raw_input_contents", 7, "repeated bytes"),
    ),
    "ModelInferResponse.InferOutputTensor": _FILLED,
    "ModelInferResponse": (
        ("model_name", 1, "string"),
        ("model_version", 2, "string"),
        ("id", 3, "string"),
        ("parameters", 4, _PARAMETERS),
        ("outputs", 5, "repeated inference.ModelInferResponse.InferOutputTensor"),
        ("raw_output_contents", 6, "repeated bytes"),
    ),
}
"""Message -> fields."""

METHODS = {
    name: (f"{name}Request", f"{name}Response")
    for name in ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
}
"""Method -> messages of request and reply."""

DATATYPES = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
"""The protocol's words for NumPy's types; BYTES, for texts, has none."""

_POOL = build_pool({"inference": MESSAGES}, {SERVICE.rpartition(".")[2]: METHODS})
DESCRIPTOR = _POOL.FindFileContainingSymbol(SERVICE)


def method_path(method: str) -> str:
    """The path of a method over gRPC."""
    return f"/{SERVICE}/{method}"


def message_class(name: str) -> Any:  # noqa: ANN401  a class made at run time
    """The class of a message."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"inference.{name}"))


ModelInferRequest = message_class("ModelInferRequest")
ModelInferResponse = message_class("ModelInferResponse")
ModelMetadataRequest = message_class("ModelMetadataRequest")
ModelMetadataResponse = message_class("ModelMetadataResponse")
