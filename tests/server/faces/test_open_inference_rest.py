"""The Open Inference Protocol over REST."""

from __future__ import annotations

import pytest

from tests.server.rest_requests import ask

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

INFER = "/v2/models/sum/infer"


def tensor(name, value=1.0, **fields):
    return {"name": name, "datatype": "FP32", "shape": [1, 1, 1, 4], "data": [value] * 4} | fields


def body(*inputs, **fields):
    return {"inputs": list(inputs) or [tensor("t1"), tensor("adc", 0.5)]} | fields


def test_server_and_models_say_that_they_live_and_are_ready(running):
    status, content = ask(running, "GET", "/v2")
    assert (status, content["name"], content["extensions"]) == (200, "cbvsynth", [])
    assert ask(running, "GET", "/v2/health/live") == (200, {"live": True})
    assert ask(running, "GET", "/v2/health/ready") == (200, {"ready": True})
    assert ask(running, "GET", "/v2/models/sum/ready") == (200, {"name": "sum", "ready": True})
    assert ask(running, "GET", "/v2/models/sum/versions/9/ready")[0] == 404


def test_a_server_with_a_broken_model_is_not_ready(broken):
    """The connection was closed without a byte, so that no probe learned why."""
    from cbvsynth.server.faces.rest import RestApi
    from cbvsynth.server.faces.rest_server import Request

    reply = RestApi(broken, "").answer(Request("GET", "/v2/health/ready", {}, lambda take: b""))
    assert reply.status == 503
    assert b"Not every model has a version that answers." in reply.content


def test_metadata_name_inputs_outputs_and_the_versions_that_answer(running):
    status, content = ask(running, "GET", "/v2/models/s%75m/versions/stable")
    assert status == 200
    assert (content["name"], content["versions"]) == ("sum", ["1", "2"])
    assert content["inputs"][0] == {"name": "adc", "datatype": "FP32", "shape": [-1, -1, -1, 4]}


@pytest.mark.parametrize(
    ("path", "version", "more"), [(INFER, "2", 1), ("/v2/models/sum/versions/stable/infer", "1", 0)]
)
def test_a_prediction_is_answered_in_the_protocols_form(running, path, version, more):
    nested = tensor("t1", data=[[[[1.0, 1.0, 1.0, 1.0]]]])
    status, content = ask(
        running, "POST", path, body(nested, tensor("adc", 0.5), id="a", outputs=[{"name": "cbv"}])
    )
    assert status == 200
    assert content == {
        "model_name": "sum",
        "model_version": version,
        "id": "a",
        "outputs": [{"name": "cbv", "datatype": "FP32", "shape": [1, 1, 1, 4], "data": [2.0 + more] * 4}],
    }


def test_another_signature_and_texts(running):
    asked = {"parameters": {"signature_name": "describe"}}
    status, content = ask(running, "POST", INFER, asked)
    assert (status, content["outputs"]) == (
        200,
        [{"name": "description", "datatype": "BYTES", "shape": [], "data": ["a sum"]}],
    )


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "text"),
    [
        ("GET", "/v2/models", None, 404, "Not found: GET /v2/models"),
        ("POST", "/v2/models/sum", {}, 404, "Not found: POST /v2/models/sum"),
        ("GET", INFER, None, 404, "Not found: GET /v2/models/sum/infer"),
        ("PUT", INFER, {}, 404, "Not found: PUT /v2/models/sum/infer"),
        ("POST", "/v2/models/m/infer", body(), 404, "Servable not found for request: Latest(m)"),
        ("POST", INFER, b"{", 400, "JSON Parse error"),
        ("POST", INFER, {"inputs": 1}, 400, "'inputs' must be a list of objects."),
        ("POST", INFER, body(tensor("t1")), 400, "Missing but required: {adc}."),
        ("POST", INFER, body(tensor("t1"), tensor("t1")), 400, "Missing but required: {adc}."),
        ("POST", INFER, body(tensor("t1"), tensor(1)), 400, "'name' must be a text."),
        ("POST", INFER, body(tensor("t1"), tensor("adc", shape=None)), 400, 'input "adc" has no shape'),
        ("POST", INFER, body(tensor("t1"), tensor("adc", shape=[2, 2, 2])), 400, "and data of shape [4]"),
        (
            "POST",
            INFER,
            body(tensor("t1"), tensor("adc", data=["a"])),
            400,
            "is not of expected type: float32",
        ),
        (
            "POST",
            INFER,
            body(tensor("t1"), tensor("adc", datatype="BYTES")),
            400,
            "datatype BYTES; expected FP32",
        ),
        (
            "POST",
            INFER,
            body(
                tensor("t1"),
                {"name": "adc", "datatype": "FP32", "shape": [4], "parameters": {"binary_data_size": 16}},
            ),
            400,
            "tensors in binary form are sent over gRPC",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_the_one_form(running, method, path, content, status, text):  # noqa: PLR0917
    found, reply = ask(running, method, path, content)
    assert found == status
    assert list(reply) == ["error"]
    assert text in reply["error"]


def one_value(shape, data):
    return {"inputs": [{"name": "x", "datatype": "FP32", "shape": shape, "data": data}]}


@pytest.mark.parametrize(
    ("version", "content", "text"),
    [
        ("", one_value([1] * 65, [1.0]), 'input "x" has 65 axes; expected at most 64.'),
        ("", one_value([2**62, 2**62, 0], []), "expected sizes whose product, without those of 0, is at"),
        ("", one_value([2**64, 0], []), "expected sizes whose product, without those of 0, is at most"),
        ("", {"id": "\ud800"}, "JSON Parse error: The surrogate pair in string is invalid."),
        ("/versions/" + "1" * 5000, {}, "Failed to convert version: 111"),
    ],
)
def test_what_python_or_numpy_cannot_take_is_refused_as_everything_else(running, version, content, text):
    """The connection was closed without a byte: the error of Python's own was no refusal."""
    found, reply = ask(running, "POST", f"/v2/models/half_plus_three{version}/infer", content)
    assert found == 400
    assert text in reply["error"]


def test_both_halves_of_a_character_are_one(running):
    asked = {"id": "\U0001f600", "parameters": {"signature_name": "describe"}}
    assert ask(running, "POST", INFER, asked)[1]["id"] == "\U0001f600"
