"""Our messages against TensorFlow Serving's own, in one process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cbvsynth.client.connection import ModelReference
from cbvsynth.wire import schema
from cbvsynth.wire.tensors import array_of, fill_tensor, text_of

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

OTHER_TYPE_SAME_WIRE = {("tensorflow.TensorProto", "float_val")}
"""Packed floats are their bytes."""


@pytest.fixture(scope="module")
def theirs() -> Any:
    from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

    class Theirs:
        PredictRequest = predict_pb2.PredictRequest
        PredictResponse = predict_pb2.PredictResponse
        GetModelStatusRequest = get_model_status_pb2.GetModelStatusRequest
        GetModelStatusResponse = get_model_status_pb2.GetModelStatusResponse
        GetModelMetadataRequest = get_model_metadata_pb2.GetModelMetadataRequest
        GetModelMetadataResponse = get_model_metadata_pb2.GetModelMetadataResponse
        SignatureDefMap = get_model_metadata_pb2.SignatureDefMap
        pool = predict_pb2.DESCRIPTOR.pool

    return Theirs


def volumes() -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    return {name: rng.random((1, 5, 4, 3), dtype=np.float32) for name in ("t1", "t1c", "adc")}


MESSAGE_NAMES = [
    f"{package}.{message}"
    for package, messages in schema._FILES.items()
    for message in messages
    if package != "google.protobuf"
]


@pytest.mark.parametrize("name", MESSAGE_NAMES)
def test_every_field_has_the_published_number_and_a_type_that_is_the_same_on_the_wire(
    theirs: Any, name: str
) -> None:
    ours = schema.POOL.FindMessageTypeByName(name)
    published = theirs.pool.FindMessageTypeByName(name)
    assert len(ours.fields) > 0
    for field in ours.fields:
        other = published.fields_by_name[field.name]
        assert field.number == other.number
        assert field.is_repeated == other.is_repeated
        if (name, field.name) not in OTHER_TYPE_SAME_WIRE:
            is_enumeration = other.type == other.TYPE_ENUM
            assert field.type == (field.TYPE_INT32 if is_enumeration else other.type)
        if field.type == field.TYPE_MESSAGE:
            assert field.message_type.full_name == other.message_type.full_name


def test_the_state_and_number_types_have_the_published_values(theirs: Any) -> None:
    from tensorflow.core.framework import types_pb2

    status = theirs.pool.FindMessageTypeByName("tensorflow.serving.ModelVersionStatus")
    assert status.enum_types_by_name["State"].values_by_name["AVAILABLE"].number == schema.STATE_AVAILABLE
    assert (types_pb2.DT_FLOAT, types_pb2.DT_STRING) == (schema.DT_FLOAT, schema.DT_STRING)


def test_the_method_paths_are_the_published_ones(theirs: Any) -> None:
    assert _path_exists("tensorflow_serving/apis/prediction_service.proto", schema.PREDICT)
    assert _path_exists("tensorflow_serving/apis/model_service.proto", schema.GET_MODEL_STATUS)


def _path_exists(file: str, path: str) -> bool:
    from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

    modules = {module.DESCRIPTOR.name: module for module in (model_service_pb2, prediction_service_pb2)}
    _, service, method = path.split("/")
    found = modules[file].DESCRIPTOR.services_by_name[service.rpartition(".")[2]]
    return found.full_name == service and method in found.methods_by_name


@pytest.mark.parametrize(
    "reference",
    [ModelReference("m"), ModelReference("m", version=7), ModelReference("m", label="available-t1")],
)
def test_a_request_is_byte_for_byte_the_one_that_tensorflow_writes(
    theirs: Any, reference: ModelReference
) -> None:
    import tensorflow as tf

    ours = schema.PredictRequest(model_spec=reference.to_message("serving_default"), output_filter=["cbv"])
    other = theirs.PredictRequest(output_filter=["cbv"])
    other.model_spec.name, other.model_spec.signature_name = "m", "serving_default"
    if reference.version:
        other.model_spec.version.value = reference.version
    if reference.label:
        other.model_spec.version_label = reference.label
    for name, array in volumes().items():
        fill_tensor(ours.inputs[name], array)
        other.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    assert ours.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


@pytest.mark.parametrize("form", ["listed", "raw"])
def test_tensorflows_reply_is_read_in_both_forms_bit_for_bit(theirs: Any, form: str) -> None:
    import tensorflow as tf

    cbv = volumes()["t1"]
    reply = theirs.PredictResponse()
    reply.model_spec.version.value = 12
    tensor = reply.outputs["cbv"]
    tensor.CopyFrom(tf.make_tensor_proto(cbv))
    if form == "listed":
        tensor.ClearField("tensor_content")
        tensor.float_val.extend(cbv.ravel())
    read = schema.PredictResponse.FromString(reply.SerializeToString())
    assert read.model_spec.version.value == 12
    assert array_of(read.outputs["cbv"], "cbv").tobytes() == cbv.tobytes()
    np.testing.assert_array_equal(tf.make_ndarray(tensor), array_of(read.outputs["cbv"], "cbv"))


def test_a_short_list_of_floats_means_the_same_as_to_tensorflow() -> None:
    import tensorflow as tf

    tensor = tf.make_tensor_proto(0.0, shape=[2, 3])
    tensor.ClearField("float_val")
    tensor.float_val.extend([5.0, 6.0])
    read = schema.TensorProto.FromString(tensor.SerializeToString())
    np.testing.assert_array_equal(array_of(read, "cbv"), tf.make_ndarray(tensor))


def test_tensorflows_text_is_read() -> None:
    import tensorflow as tf

    sent = tf.make_tensor_proto("größe").SerializeToString()
    assert text_of(schema.TensorProto.FromString(sent), "description") == "größe"


def test_our_reply_is_read_by_tensorflow(theirs: Any) -> None:
    import tensorflow as tf

    cbv = volumes()["adc"]
    ours = schema.PredictResponse()
    fill_tensor(ours.outputs["raw"], cbv)
    fill_tensor(ours.outputs["listed"], cbv)
    ours.outputs["listed"].float_val.append(ours.outputs["listed"].tensor_content)
    ours.outputs["listed"].tensor_content = b""
    read = theirs.PredictResponse.FromString(ours.SerializeToString())
    for name in ("raw", "listed"):
        np.testing.assert_array_equal(tf.make_ndarray(read.outputs[name]), cbv)


def test_status_and_metadata_pass_between_both(theirs: Any) -> None:
    status = theirs.GetModelStatusResponse()
    status.model_version_status.add(version=3, state=schema.STATE_AVAILABLE).status.error_message = "why"
    read = schema.GetModelStatusResponse.FromString(status.SerializeToString())
    (one,) = read.model_version_status
    assert (one.version, one.state, one.status.error_message) == (3, schema.STATE_AVAILABLE, "why")

    asked = schema.GetModelMetadataRequest(
        model_spec=ModelReference("m", 3).to_message(), metadata_field=["signature_def"]
    )
    request = theirs.GetModelMetadataRequest.FromString(asked.SerializeToString())
    assert (request.model_spec.version.value, list(request.metadata_field)) == (3, ["signature_def"])

    signatures = theirs.SignatureDefMap()
    signatures.signature_def["serving_default"].inputs["t1"].dtype = schema.DT_FLOAT
    answer = theirs.GetModelMetadataResponse()
    answer.metadata["signature_def"].Pack(signatures)
    packed = schema.GetModelMetadataResponse.FromString(answer.SerializeToString())
    found = schema.SignatureDefMap.FromString(packed.metadata["signature_def"].value)
    assert found.signature_def["serving_default"].inputs["t1"].dtype == schema.DT_FLOAT
