"""Predict: answers and refusals over a real socket, asked by TensorFlow Serving's own stubs."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.server.protocol_requests import ADC, T1, predict_request, refusal
from tests.server.saved_models import SHAPE, direct

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def test_the_answer_is_the_savedmodels_to_the_last_bit(running, saved):
    reply = running.predictions.Predict(predict_request(version=2), timeout=60)
    assert tf.make_ndarray(reply.outputs["cbv"]).tobytes() == direct(saved / "sum1", t1=T1, adc=ADC).tobytes()
    assert len(reply.outputs["cbv"].float_val) == T1.size
    assert not reply.outputs["cbv"].tensor_content


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


CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
