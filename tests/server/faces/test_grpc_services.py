"""The gRPC face: sizes, threads and addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.server.protocol_requests import ADC, T1, predict_request, refusal
from tests.server.saved_models import SHAPE

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


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


def test_the_socket_answers_as_the_port_does(running):
    with grpc.insecure_channel(f"unix:{running.folder}/socket") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        reply = stub.Predict(predict_request(version=1), timeout=60)
    np.testing.assert_array_equal(tf.make_ndarray(reply.outputs["cbv"]), T1 + 2 * ADC)
