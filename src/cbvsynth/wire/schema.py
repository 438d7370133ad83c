"""The messages of TensorFlow Serving's protocol that we speak, built without TensorFlow.

Importing `tensorflow_serving.apis` imports all of TensorFlow, which costs seconds and half a gigabyte.
What goes over the wire are field numbers and types only, so the few messages needed are described here,
in a descriptor pool of their own: the same full names in TensorFlow's pool do not clash with them.

One field is read differently on purpose: `TensorProto.float_val`, repeated floats, is declared as
repeated bytes. Packed floats are exactly their little-endian bytes, and so 6 MB are read in 0.2 ms
instead of 80 ms.

Source: field numbers and names as published in tensorflow/core/framework/{tensor,tensor_shape}.proto,
tensorflow/core/protobuf/meta_graph.proto and tensorflow_serving/apis/*.proto;
tests/wire/test_schema.py compares every one with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

Message = Any
"""An instance of one of the classes below; protobuf publishes no types for classes made at run time."""

PREDICT = "/tensorflow.serving.PredictionService/Predict"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

DT_FLOAT = 1
DT_STRING = 7
STATE_AVAILABLE = 30
"""State of a version that answers requests."""

_TYPES = {
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "string": FieldDescriptorProto.TYPE_STRING,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
}

Field = tuple[str, int, str]
"""Name, number, and type: a scalar, a message's full name, ``repeated T``, or ``map T`` (from string)."""

_FILES: dict[str, dict[str, tuple[Field, ...]]] = {
    "google.protobuf": {
        "Int64Value": (("value", 1, "int64"),),
        "Any": (("type_url", 1, "string"), ("value", 2, "bytes")),
    },
    "tensorflow": {
        "TensorShapeProto.Dim": (("size", 1, "int64"), ("name", 2, "string")),
        "TensorShapeProto": (
            ("dim", 2, "repeated tensorflow.TensorShapeProto.Dim"),
            ("unknown_rank", 3, "bool"),
        ),
        "TensorProto": (
            ("dtype", 1, "int32"),
            ("tensor_shape", 2, "tensorflow.TensorShapeProto"),
            ("tensor_content", 4, "bytes"),
            ("float_val", 5, "repeated bytes"),
            ("string_val", 8, "repeated bytes"),
        ),
        "TensorInfo": (
            ("name", 1, "string"),
            ("dtype", 2, "int32"),
            ("tensor_shape", 3, "tensorflow.TensorShapeProto"),
        ),
        "SignatureDef": (
            ("inputs", 1, "map tensorflow.TensorInfo"),
            ("outputs", 2, "map tensorflow.TensorInfo"),
            ("method_name", 3, "string"),
        ),
    },
    "tensorflow.serving": {
        "ModelSpec": (
            ("name", 1, "string"),
            ("version", 2, "google.protobuf.Int64Value"),
            ("signature_name", 3, "string"),
            ("version_label", 4, "string"),
        ),
        "PredictRequest": (
            ("model_spec", 1, "tensorflow.serving.ModelSpec"),
            ("inputs", 2, "map tensorflow.TensorProto"),
            ("output_filter", 3, "repeated string"),
        ),
        "PredictResponse": (
            ("outputs", 1, "map tensorflow.TensorProto"),
            ("model_spec", 2, "tensorflow.serving.ModelSpec"),
        ),
        "GetModelMetadataRequest": (
            ("model_spec", 1, "tensorflow.serving.ModelSpec"),
            ("metadata_field", 2, "repeated string"),
        ),
        "GetModelMetadataResponse": (
            ("model_spec", 1, "tensorflow.serving.ModelSpec"),
            ("metadata", 2, "map google.protobuf.Any"),
        ),
        "SignatureDefMap": (("signature_def", 1, "map tensorflow.SignatureDef"),),
        "GetModelStatusRequest": (("model_spec", 1, "tensorflow.serving.ModelSpec"),),
        "StatusProto": (("error_code", 1, "int32"), ("error_message", 2, "string")),
        "ModelVersionStatus": (
            ("version", 1, "int64"),
            ("state", 2, "int32"),
            ("status", 3, "tensorflow.serving.StatusProto"),
        ),
        "GetModelStatusResponse": (
            ("model_version_status", 1, "repeated tensorflow.serving.ModelVersionStatus"),
        ),
    },
}
"""Package -> message -> fields, every package after those it refers to. Enumerations are int32, which
is the same on the wire."""

_ONEOFS = {
    ("ModelSpec", "version"): "version_choice",
    ("ModelSpec", "version_label"): "version_choice",
    **{
        ("InferParameter", f"{kind}_param"): "parameter_choice"
        for kind in ("bool", "int64", "string", "double", "uint64")
    },
}


def build_pool(
    files: Mapping[str, Mapping[str, tuple[Field, ...]]],
    services: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
) -> descriptor_pool.DescriptorPool:
    """A pool of messages: package -> message -> fields, every package after those it refers to.

    Args:
        files: the messages.
        services: of the last package: service -> method -> messages of request and reply.
    """
    pool = descriptor_pool.DescriptorPool()
    done: list[str] = []
    for package, messages in files.items():
        file = FileDescriptorProto(
            name=f"cbvsynth/{package}.proto", package=package, syntax="proto3", dependency=done
        )
        for name, fields in messages.items():
            outer, _, inner = name.partition(".")
            message = next((one for one in file.message_type if one.name == outer), None)
            if message is None:
                message = file.message_type.add(name=outer)
            if inner:
                message = message.nested_type.add(name=inner)
            for field in fields:
                _add_field(message, f".{package}.{name}", field)
        if package == tuple(files)[-1]:
            _add_services(file, package, services or {})
        pool.Add(file)
        done.append(file.name)
    return pool


def _add_services(
    file: FileDescriptorProto, package: str, services: Mapping[str, Mapping[str, tuple[str, str]]]
) -> None:
    for name, methods in services.items():
        service = file.service.add(name=name)
        for method, (request, reply) in methods.items():
            service.method.add(
                name=method, input_type=f".{package}.{request}", output_type=f".{package}.{reply}"
            )


def _add_field(message: DescriptorProto, full_name: str, field: Field) -> None:
    name, number, kind = field
    rule, _, target = kind.rpartition(" ")
    added = message.field.add(name=name, number=number)
    added.label = FieldDescriptorProto.LABEL_REPEATED if rule else FieldDescriptorProto.LABEL_OPTIONAL
    if rule == "map":
        entry = message.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, full_name, ("key", 1, "string"))
        _add_field(entry, full_name, ("value", 2, target))
        added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f"{full_name}.{entry.name}"
    elif target in _TYPES:
        added.type = _TYPES[target]
    else:
        added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{target}"
    choice = _ONEOFS.get((message.name, name))
    if choice:
        if not message.oneof_decl:
            message.oneof_decl.add(name=choice)
        added.oneof_index = 0


POOL = build_pool(_FILES)


def _class(name: str) -> Any:  # noqa: ANN401  a class made at run time
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


TensorProto = _class("tensorflow.TensorProto")
ModelSpec = _class("tensorflow.serving.ModelSpec")
PredictRequest = _class("tensorflow.serving.PredictRequest")
PredictResponse = _class("tensorflow.serving.PredictResponse")
GetModelMetadataRequest = _class("tensorflow.serving.GetModelMetadataRequest")
GetModelMetadataResponse = _class("tensorflow.serving.GetModelMetadataResponse")
SignatureDefMap = _class("tensorflow.serving.SignatureDefMap")
GetModelStatusRequest = _class("tensorflow.serving.GetModelStatusRequest")
GetModelStatusResponse = _class("tensorflow.serving.GetModelStatusResponse")
