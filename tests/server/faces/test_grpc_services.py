"""The gRPC face: sizes, threads and addresses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.server.protocol_requests import ADC, T1, predict_request, refusal
from tests.server.saved_models import SHAPE
from tests.server.store_server import Server

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


def test_a_request_whose_caller_is_gone_before_its_turn_is_not_begun(saved, tmp_path):
    """One thread answers: the second request waits for the first, and is given up meanwhile."""
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.faces.grpc_services import build_grpc
    from cbvsynth.server.flags import ServerOptions

    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/1").symlink_to(saved / "slow")
    slow = Server(tmp_path / "slow")
    slow.serve(name="slow")
    backend = Backend(slow.store, ServerOptions(grpc_max_threads=1))
    server = build_grpc(backend, None)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    request = predict_request({"x": np.ones(1, np.float32)}, name="slow")
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        stub.Predict(request, timeout=60)  # connected: what is asked next comes in its order
        first = stub.Predict.future(request, timeout=60)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request, timeout=0.1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert not first.done()
        first.result()
        stub.Predict(request, timeout=60)  # answered after the turn of the one that was given up
    server.stop(0).wait()
    assert [row for row in backend.metrics.page().splitlines() if "request_count{" in row] == [
        ':tensorflow:serving:request_count{model_name="slow",status="OK"} 3'
    ]


def test_what_is_no_message_is_refused_in_one_line(running, capfd):
    """gRPC's own deserializer wrote eight lines of traceback for each."""
    predict = running.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with pytest.raises(grpc.RpcError) as caught:
        predict(b"\xff\xff", timeout=60)
    found = caught.value
    assert (found.code(), found.details()) == (grpc.StatusCode.INTERNAL, "The message is no PredictRequest.")
    assert "Traceback" not in capfd.readouterr().err


def test_a_packed_message_is_refused_before_it_is_unpacked(running):
    """A few kilobytes of gzip unpack to gigabytes."""
    with grpc.insecure_channel(running.grpc_address, compression=grpc.Compression.Gzip) as channel:
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError) as caught:
            predict(b"\0" * 3_000_000, timeout=60)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_text_of_any_length_arrives_as_an_error_of_the_protocol(running):
    """An error's text travels in a header: names made up by a client would make it too long for gRPC."""
    request = predict_request({f"input {number:06d}": ADC[:, :1, :1, :1] for number in range(3000)})
    code, text = refusal(running.predictions.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("input size does not match signature: 3000!=2")
    assert len(text) == 1000


@contextmanager
def serving(store, health=None, **flags) -> Iterator[str]:
    """The gRPC face on a free port, with flags of its own; its address."""
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.faces.grpc_services import build_grpc
    from cbvsynth.server.flags import ServerOptions

    server = build_grpc(Backend(store, ServerOptions(**flags)), health)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield address
    finally:
        server.stop(0).wait()


OPENED = (
    "tensorflow.serving.PredictionService/Predict",
    "tensorflow.serving.ModelService/GetModelStatus",
    "inference.GRPCInferenceService/ModelInfer",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)


def test_calls_that_are_opened_and_never_sent_keep_nobody_out(running):
    """Eight of them, of any service, held the server's eight threads for as long as they liked."""
    from cbvsynth.server.faces.health import Health

    flags = {
        "grpc_max_threads": 2,
        "grpc_request_timeout_in_ms": 300,
        "enable_open_inference_protocol": True,
        "enable_grpc_reflection": True,
    }
    leaving = threading.Event()
    with serving(running.store, Health(1), **flags) as address, grpc.insecure_channel(address) as channel:
        stalled = [
            channel.stream_unary(f"/{method}").future(iter(leaving.wait, True), timeout=60)
            for method in OPENED
        ]
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert stub.Predict(predict_request(), timeout=30).model_spec.version.value == 2
        codes = {method: call.exception().code().name for method, call in zip(OPENED, stalled, strict=True)}
        leaving.set()
    assert codes == dict.fromkeys(OPENED, "DEADLINE_EXCEEDED")


def test_a_connection_that_says_nothing_is_closed(running):
    arguments = "grpc.server_handshake_timeout_ms=500"
    with serving(running.store, grpc_channel_arguments=arguments) as address:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            while connection.recv(1024):  # its settings; then the end
                pass
