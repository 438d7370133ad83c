"""Which model and version answers: by number, by label, by neither; and what is not there."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.server.protocol_requests import ADC, T1, predict_request, refusal

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.mark.parametrize(
    ("spec", "version"),
    [({}, 2), ({"version": 1}, 1), ({"version": 2}, 2), ({"version_label": "stable"}, 1)],
)
def test_a_version_is_chosen_by_number_or_label_and_is_otherwise_the_newest(running, spec, version):
    reply = running.predictions.Predict(predict_request(**spec), timeout=60)
    assert reply.model_spec.version.value == version
    assert (reply.model_spec.name, reply.model_spec.signature_name) == ("sum", "serving_default")
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC + (version - 1))


def test_a_request_without_a_model_is_refused(running):
    request = predict_pb2.PredictRequest()
    assert refusal(running.predictions.Predict, request) == ("INVALID_ARGUMENT", "Missing ModelSpec")


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"name": ""}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ({"name": "m"}, "NOT_FOUND", "Servable not found for request: Latest(m)"),
        ({"version": 99}, "NOT_FOUND", "Servable not found for request: Specific(sum, 99)"),
        ({"version_label": "L"}, "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
        ({"version_label": "absent"}, "NOT_FOUND", "Servable not found for request: Specific(sum, 7)"),
    ],
)
def test_what_is_not_there_is_refused_with_the_protocols_code_and_text(running, spec, code, text):
    assert refusal(running.predictions.Predict, predict_request(**spec)) == (code, text)
