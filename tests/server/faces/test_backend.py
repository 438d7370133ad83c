"""Every request is counted, whatever becomes of it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from cbvsynth.errors import RefusedError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.fixture
def backend(running):
    """A backend with counts of its own."""
    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.flags import ServerOptions

    return Backend(running.store, ServerOptions(request_log="json"))


def counted(backend, model, action):
    with backend.call("Predict", "GRPC", {}) as call:
        call.model = model
        return action()


def refused():
    raise RefusedError("not this one", code="NOT_FOUND")


def broken():
    raise ZeroDivisionError


def test_an_answer_passes_through_and_counts_as_ok(backend):
    assert counted(backend, "sum", lambda: 7) == 7
    assert '{model_name="sum",status="OK"} 1\n' in backend.metrics.page()


def test_a_refusal_passes_through_and_counts_under_its_code(backend):
    with pytest.raises(RefusedError, match="not this one"):
        counted(backend, "sum", refused)
    assert '{model_name="sum",status="NOT_FOUND"} 1\n' in backend.metrics.page()


def test_a_fault_of_the_server_counts_as_internal(backend):
    with pytest.raises(ZeroDivisionError):
        counted(backend, "sum", broken)
    assert '{model_name="sum",status="INTERNAL"} 1\n' in backend.metrics.page()


def test_names_that_no_model_has_share_one_row(backend):
    for name in ("made-up-1", "made-up-2"):
        with pytest.raises(RefusedError):
            counted(backend, name, refused)
    assert '{model_name="",status="NOT_FOUND"} 2\n' in backend.metrics.page()
    assert "made-up" not in backend.metrics.page()


def test_the_log_says_model_version_code_duration_and_sizes_and_no_value(backend, running, capfd):
    with backend.call("Predict", "GRPC", {}) as call:
        call.request_bytes = 12
        with running.store.borrow("sum", None, "stable"):
            call.reply_bytes = 34
    with pytest.raises(RefusedError):
        counted(backend, "a patient's name", refused)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {name: lines[0][name] for name in ("api", "entrypoint", "model", "version", "code")} == {
        "api": "Predict",
        "entrypoint": "GRPC",
        "model": "sum",
        "version": 1,
        "code": "OK",
    }
    assert (lines[0]["request_bytes"], lines[0]["reply_bytes"]) == (12, 34)
    assert 0 <= lines[0]["duration_ms"] < 60_000
    assert (lines[1]["model"], lines[1]["version"], lines[1]["code"]) == ("", 0, "NOT_FOUND")
    assert all(set(line) == set(lines[0]) for line in lines)


def test_an_error_that_nobody_foresaw_is_answered_by_both_faces_and_placed_in_the_log(tmp_path, capfd):
    """REST closed the connection without a byte, gRPC answered UNKNOWN with Python's words."""
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from cbvsynth.server.faces.backend import Backend
    from cbvsynth.server.flags import ServerOptions
    from cbvsynth.server.program import open_ports
    from tests.server.protocol_requests import predict_request, refusal
    from tests.server.rest_requests import ask
    from tests.server.saved_models import save_hollow
    from tests.server.store_server import Server

    save_hollow(tmp_path / "1")
    server = Server(tmp_path)
    server.serve()
    text = "The server failed over the request through a fault of its own; its log says where."
    options = ServerOptions(port=0, rest_api_port=0)
    with open_ports(Backend(server.store, options), None, "") as ports:
        rest = SimpleNamespace(rest_address=f"127.0.0.1:{ports.rest}")
        body = {"signature_name": "hollow", "inputs": 1}
        assert ask(rest, "POST", "/v1/models/sum:predict", body) == (500, {"error": text})
        with grpc.insecure_channel(f"127.0.0.1:{ports.grpc}") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            request = predict_request({"x": np.float32(1)}, signature_name="hollow")
            assert refusal(stub.Predict, request) == ("INTERNAL", text)
        log = capfd.readouterr().err
        assert log.count("KeyError") == 2
        assert "hollow" not in log
