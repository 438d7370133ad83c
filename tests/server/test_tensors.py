"""Tensors of requests and replies: every form is read alike, and what does not fit is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.server.protocol_requests import ADC, T1, predict_request, refusal, tensor

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

OTHER_SIZE = np.ones((1, 8, 8, 3), np.float32)
REFUSALS = {
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
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_tensor_that_does_not_fit_is_refused_by_name(running, case):
    request, code, text = REFUSALS[case]
    assert refusal(running.predictions.Predict, request) == (code, text)


def test_one_listed_float_fills_the_shape(running):
    request = predict_request({"t1": tensor(float_val=[3.0]), "adc": ADC})
    reply = running.predictions.Predict(request, timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), 3 + 2 * ADC + 1)


def test_listed_floats_are_read_as_raw_bytes_are(running):
    listed = tensor(float_val=T1.reshape(-1).tolist())
    reply = running.predictions.Predict(predict_request({"t1": listed, "adc": ADC}), timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC + 1)


def test_more_values_than_the_shape_holds_are_refused(running):
    request = predict_request({"t1": tensor(float_val=[1.0] * 300), "adc": ADC})
    code, text = refusal(running.predictions.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert 'input "t1" has shape [1, 8, 8, 4], and its values do not fill it' in text
