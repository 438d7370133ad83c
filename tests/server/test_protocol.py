"""The protocol's table: every case over a real socket, asked by TensorFlow Serving's own stubs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.server.models import SHAPE, direct, volume

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

T1, ADC = volume(1), volume(2)
OTHER_SIZE = np.ones((1, 8, 8, 3), np.float32)


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


@pytest.mark.parametrize(
    ("spec", "version"),
    [({}, 2), ({"version": 1}, 1), ({"version": 2}, 2), ({"version_label": "stable"}, 1)],
)
def test_a_version_is_chosen_by_number_or_label_and_is_otherwise_the_newest(running, spec, version):
    reply = running.predictions.Predict(predict_request(**spec), timeout=60)
    assert reply.model_spec.version.value == version
    assert (reply.model_spec.name, reply.model_spec.signature_name) == ("sum", "serving_default")
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC + (version - 1))


def test_the_answer_is_the_savedmodels_to_the_last_bit(running, saved):
    reply = running.predictions.Predict(predict_request(version=2), timeout=60)
    assert reply.outputs["cbv"].tensor_content == direct(saved / "sum1", t1=T1, adc=ADC).tobytes()


def test_listed_floats_are_read_as_raw_bytes_are(running):
    listed = tensor(float_val=T1.reshape(-1).tolist())
    reply = running.predictions.Predict(predict_request({"t1": listed, "adc": ADC}), timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC + 1)


def test_one_listed_float_fills_the_shape(running):
    request = predict_request({"t1": tensor(float_val=[3.0]), "adc": ADC})
    reply = running.predictions.Predict(request, timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), 3 + 2 * ADC + 1)


def test_a_signature_without_inputs_answers_with_text(running):
    reply = running.predictions.Predict(predict_request({}, signature_name="describe"), timeout=60)
    assert tf.make_ndarray(reply.outputs["description"]).item() == b"a sum"


def test_only_the_outputs_asked_for_are_sent(running):
    request = predict_request({"x": np.array([3, 4], np.int32)}, ("double",), signature_name="pair")
    reply = running.predictions.Predict(request, timeout=60)
    assert list(reply.outputs) == ["double"]
    assert tf.make_ndarray(reply.outputs["double"]).tolist() == [6, 8]


SET_TEXT = "Outputs expected to be in the set {cbv}."
SIZES = "input size does not match signature: "
PREDICT_REFUSALS = {
    "no name": (predict_request(name=""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    "unknown model": (
        predict_request(name="m"),
        "NOT_FOUND",
        "Servable not found for request: Latest(m)",
    ),
    "unknown version": (
        predict_request(version=99),
        "NOT_FOUND",
        "Servable not found for request: Specific(sum, 99)",
    ),
    "unknown label": (
        predict_request(version_label="L"),
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: L",
    ),
    "label without version": (
        predict_request(version_label="absent"),
        "NOT_FOUND",
        "Servable not found for request: Specific(sum, 7)",
    ),
    "unknown signature": (
        predict_request(signature_name="s"),
        "FAILED_PRECONDITION",
        'Serving signature key "s" not found.',
    ),
    "missing input": (
        predict_request({"t1": T1}),
        "INVALID_ARGUMENT",
        SIZES + "1!=2 len({t1}) != len({adc,t1}). Sent extra: {}. Missing but required: {adc}.",
    ),
    "extra input": (
        predict_request({"t1": T1, "adc": ADC, "t2": T1}),
        "INVALID_ARGUMENT",
        SIZES + "3!=2 len({adc,t1,t2}) != len({adc,t1}). Sent extra: {t2}. Missing but required: {}.",
    ),
    "another input": (
        predict_request({"t1": T1, "t2": T1}),
        "INVALID_ARGUMENT",
        "input tensor alias not found in signature: t2. Inputs expected to be in the set {adc,t1}.",
    ),
    "wrong dtype": (
        predict_request({"t1": T1, "adc": ADC.astype(np.float64)}),
        "INVALID_ARGUMENT",
        'input "adc" has dtype float64; expected float32.',
    ),
    "unknown dtype": (
        predict_request({"t1": T1, "adc": tensor(dtype=99)}),
        "INVALID_ARGUMENT",
        'input "adc" has dtype number 99; expected float32.',
    ),
    "wrong rank": (
        predict_request({"t1": T1, "adc": ADC[0]}),
        "INVALID_ARGUMENT",
        'input "adc" has shape [8, 8, 4]; expected rank 4, [-1, -1, -1, 4], where -1 is any size.',
    ),
    "wrong size": (
        predict_request({"t1": OTHER_SIZE, "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has shape [1, 8, 8, 3]; expected rank 4, [-1, -1, -1, 4], where -1 is any size.',
    ),
    "negative size": (
        predict_request({"t1": tensor(shape=(1, 8, -8, 4)), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has no definite shape; expected every size to be given.',
    ),
    "few bytes": (
        predict_request({"t1": tensor(tensor_content=b"1234"), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has shape [1, 8, 8, 4] and 4 bytes of values; expected 1024.',
    ),
    "a shape that is a bomb": (
        predict_request({"t1": tensor(shape=(1000, 1000, 1000, 4), float_val=[1.0]), "adc": ADC}),
        "INVALID_ARGUMENT",
        'input "t1" has shape [1000, 1000, 1000, 4], more than the 4000000 bytes allowed.',
    ),
    "not a number": (
        predict_request({"t1": T1, "adc": np.full(SHAPE, np.nan, np.float32)}),
        "INVALID_ARGUMENT",
        "adc holds a value that is not finite",
    ),
    "unknown output": (
        predict_request(outputs=("zz",)),
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: zz " + SET_TEXT,
    ),
    "an output twice": (
        predict_request(outputs=("cbv", "cbv")),
        "INVALID_ARGUMENT",
        "duplicate output tensor alias: cbv",
    ),
}


@pytest.mark.parametrize("case", PREDICT_REFUSALS)
def test_predict_refuses_with_the_protocols_code_and_text(running, case):
    request, code, text = PREDICT_REFUSALS[case]
    found_code, found_text = refusal(running.predictions.Predict, request)
    assert found_code == code
    assert text in found_text


def test_a_request_without_a_model_is_refused(running):
    request = predict_pb2.PredictRequest()
    assert refusal(running.predictions.Predict, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_more_values_than_the_shape_holds_are_refused(running):
    request = predict_request({"t1": tensor(float_val=[1.0] * 300), "adc": ADC})
    code, text = refusal(running.predictions.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert 'input "t1" has shape [1, 8, 8, 4], and its values do not fill it' in text


def test_a_message_over_the_limit_is_refused(running):
    request = predict_request({"t1": np.zeros((16, 256, 128, 4), np.float32), "adc": ADC})
    assert refusal(running.predictions.Predict, request)[0] == "RESOURCE_EXHAUSTED"


def test_concurrent_requests_get_each_their_own_answer(running):
    def ask(number: int) -> bool:
        own = np.full(SHAPE, number, np.float32)
        reply = running.predictions.Predict(predict_request({"t1": own, "adc": ADC}), timeout=60)
        return bool(np.array_equal(tf.make_ndarray(reply.outputs["cbv"]), own + 2 * ADC + 1))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(40)))


def status_request(
    name: str, version: int = 0, label: str = ""
) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if label:
        request.model_spec.version_label = label
    elif version:
        request.model_spec.version.value = version
    return request


def test_the_status_lists_versions_from_the_newest(running):
    reply = running.models.GetModelStatus(status_request("sum", version=1), timeout=60)
    assert [(one.version, one.state) for one in reply.model_version_status] == [(1, 30)]
    reply = running.models.GetModelStatus(status_request("sum"), timeout=60)
    assert [(one.version, one.state) for one in reply.model_version_status] == [(2, 30), (1, 30)]
    assert reply.model_version_status[0].status.error_code == 0


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"name": "m", "version": 1}, "NOT_FOUND", "Could not find any versions of model m"),
        ({"name": "sum", "version": 7}, "NOT_FOUND", "Could not find version 7 of model sum"),
        ({"name": "sum", "label": "L"}, "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
        ({"name": "", "version": 1}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ],
)
def test_the_status_of_what_is_not_there_is_refused(running, spec, code, text):
    assert refusal(running.models.GetModelStatus, status_request(**spec)) == (code, text)


def test_metadata_hold_the_signatures(running):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "sum"
    reply = running.predictions.GetModelMetadata(request, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "describe", "pair"}
    assert set(signatures.signature_def["serving_default"].inputs) == {"t1", "adc"}
    assert reply.model_spec.version.value == 2


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["colour"], "Metadata field colour is not supported"),
    ],
)
def test_metadata_of_no_or_an_unknown_field_are_refused(running, fields, text):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "sum"
    assert refusal(running.predictions.GetModelMetadata, request) == ("INVALID_ARGUMENT", text)


def test_the_socket_answers_as_the_port_does(running):
    with grpc.insecure_channel(f"unix:{running.folder}/socket") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        reply = stub.Predict(predict_request(version=1), timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC)
