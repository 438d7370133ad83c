"""The server's memory, watched from outside: no small request takes much, and many leave nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from benchmarks.serving_memory import MOST_TIMES_IDLE, Memory, measure
from cbvsynth.proof.processes import server_process
from tests.client.served_network import export

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

STATED_BYTES = 1_000_000
"""As docs/reference/sizing.md states it."""
GROWTH_MB = 30


def test_no_request_below_the_stated_size_takes_half_of_the_idle_memory(tmp_path: Path) -> None:
    """126 bytes took the server from 0.7 to 2.5 GB, 44 others to 6.2 GB."""
    export(tmp_path / "base/1", "encdec-t1-t1c-adc", 1)
    found = measure(tmp_path / "base", ("t1", "t1c", "adc"), STATED_BYTES, tmp_path, times=2)
    assert len(found) == 15
    assert {kind: ratio for kind, ratio in found.items() if ratio >= MOST_TIMES_IDLE} == {}


def _code(method: Any, request: Any) -> grpc.StatusCode:
    answer = method.future(request, timeout=60)
    return grpc.StatusCode(answer.code())


def test_two_thousand_requests_leave_nothing_behind(saved: Path, tmp_path: Path) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    (tmp_path / "sum").mkdir()
    (tmp_path / "sum/1").symlink_to(saved / "sum0")
    volume = np.ones((1, 32, 32, 4), np.float32)

    def request(**inputs: np.ndarray) -> predict_pb2.PredictRequest:
        made = predict_pb2.PredictRequest()
        made.model_spec.name = "sum"
        for name, array in inputs.items():
            made.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        return made

    asked = [
        request(t1=volume, adc=volume),
        request(t1=volume, adc=np.full_like(volume, np.nan)),
        request(t1=volume),
        request(t1=volume, adc=volume[..., :3]),
    ]
    flags = ["--model_name=sum", f"--model_base_path={tmp_path}/sum", "--port=0", "--rest_api_port=-1"]
    with server_process(flags, tmp_path / "log") as server:
        memory = Memory(server.process.pid)
        with grpc.insecure_channel(server.addresses(200)["gRPC"]) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            answered = 0

            def ask(times: int) -> int:
                codes = [_code(stub.Predict, asked[number % len(asked)]) for number in range(times)]
                assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}
                return codes.count(grpc.StatusCode.OK)

            ask(400)
            level = memory.now()
            answered = ask(2000)
            assert memory.now() < level + GROWTH_MB
    assert answered == 500
