"""Requests of TensorFlow Serving's own classes, and how they are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.server.saved_models import SHAPE, volume

T1, ADC = volume(1), volume(2)


def predict_request(
    inputs: dict[str, Any] | None = None, outputs: tuple[str, ...] = (), **spec: Any
) -> predict_pb2.PredictRequest:
    version = spec.pop("version", None)
    request = predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.SetInParent()
    for name, value in ({"name": "sum"} | spec).items():
        setattr(request.model_spec, name, value)
    if version is not None:
        request.model_spec.version.value = version
    for name, array in ({"t1": T1, "adc": ADC} if inputs is None else inputs).items():
        is_proto = isinstance(array, tf.make_tensor_proto(0).__class__)
        request.inputs[name].CopyFrom(array if is_proto else tf.make_tensor_proto(array))
    return request


def tensor(**fields: Any) -> Any:
    shape = fields.pop("shape", SHAPE)
    proto = tf.make_tensor_proto(0.0).__class__(**({"dtype": tf.float32.as_datatype_enum} | fields))
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def refusal(call: Callable[..., Any], request: Any) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=60)
    return caught.value.code().name, caught.value.details()
