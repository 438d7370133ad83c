"""Messages of the TLS and the monitoring file, which tensorflow-serving-api leaves out.

Source: field numbers and names as published in tensorflow/serving, config/ssl_config.proto and
config/monitoring_config.proto.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

_PREFIX = "cbvsynth_server"
_TYPES = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "SSLConfig": (
        ("server_key", 1, "string"),
        ("server_cert", 2, "string"),
        ("custom_ca", 3, "string"),
        ("client_verify", 4, "bool"),
    ),
    "PrometheusConfig": (("enable", 1, "bool"), ("path", 2, "string")),
    "MonitoringConfig": (("prometheus_config", 1, "PrometheusConfig"),),
}


def _build() -> dict[str, Any]:
    file = FileDescriptorProto(name=f"{_PREFIX}.proto", package=_PREFIX, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(
                name=field_name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PREFIX}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PREFIX}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _build()
SSLConfig = _CLASSES["SSLConfig"]
MonitoringConfig = _CLASSES["MonitoringConfig"]
