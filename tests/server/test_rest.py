"""The REST face: status, metadata, predict in rows and columns, and the Prometheus page."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def ask(running: Any, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body)
    connection.request(method, path, content)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, json.loads(text) if reply.headers["Content-Type"] == "application/json" else text


@pytest.mark.parametrize(
    ("path", "versions"),
    [("", ["2", "1"]), ("/versions/1", ["1"]), ("/labels/stable", ["1"])],
)
def test_the_status_is_that_of_the_protocol(running, path, versions):
    status, content = ask(running, "GET", f"/v1/models/sum{path}")
    assert status == 200
    assert [one["version"] for one in content["model_version_status"]] == versions
    assert content["model_version_status"][0]["state"] == "AVAILABLE"
    assert content["model_version_status"][0]["status"] == {"error_code": "OK", "error_message": ""}


def test_metadata_name_inputs_with_dtype_and_shape(running):
    status, content = ask(running, "GET", "/v1/models/sum/labels/stable/metadata")
    assert status == 200
    assert content["model_spec"]["version"] == "1"
    signature = content["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["adc"]["dtype"] == "DT_FLOAT"
    assert [dim["size"] for dim in signature["inputs"]["adc"]["tensor_shape"]["dim"]] == [
        "-1",
        "-1",
        "-1",
        "4",
    ]


ROW = {"t1": [[[1, 2, 3, 4]]], "adc": [[[0.5, 0.5, 0.5, 0.5]]]}


def test_rows_are_answered_by_rows(running):
    status, content = ask(running, "POST", "/v1/models/sum/versions/1:predict", {"instances": [ROW, ROW]})
    assert (status, content) == (200, {"predictions": [[[[2, 3, 4, 5]]]] * 2})


def test_columns_are_answered_by_columns(running):
    columns = {name: [value] for name, value in ROW.items()}
    status, content = ask(running, "POST", "/v1/models/sum/labels/stable:predict", {"inputs": columns})
    assert (status, content) == (200, {"outputs": [[[[2, 3, 4, 5]]]]})


def test_a_single_input_needs_no_name_and_several_outputs_have_theirs(running):
    body = {"signature_name": "pair", "inputs": [3, 4]}
    assert ask(running, "POST", "/v1/models/sum:predict", body) == (
        200,
        {"outputs": {"double": [6, 8], "shape": [2]}},
    )


def test_rows_of_several_outputs_are_named(running):
    body = {"signature_name": "pair", "instances": [3]}
    assert ask(running, "POST", "/v1/models/sum:predict", body)[1] == {
        "predictions": [{"double": 6, "shape": 1}]
    }


def test_text_goes_as_text_or_as_base64(running):
    body = {"inputs": [{"b64": base64.b64encode(b"\xff").decode()}, "plain"]}
    status, content = ask(running, "POST", "/v1/models/examples:predict", body)
    assert status == 200
    assert content["outputs"]["classes"] == [["low", "high"]] * 2


NAN_ROW = {"t1": [[[1, 2, 3, 4]]], "adc": [[[float("nan")] * 4]]}
SUM = "/v1/models/sum:predict"
CLASSES = "/v1/models/examples:classify"
REFUSALS = [
    ("GET", "/v1/models/m", None, 404, "Could not find any versions of model m"),
    ("GET", "/v1/models/sum/versions/7", None, 404, "Could not find version 7 of model sum"),
    ("GET", "/v1/models/sum/versions/99999999999999999999", None, 400, "Failed to convert version"),
    ("GET", "/v1/models/sum/labels/L/metadata", None, 400, "Unrecognized servable version label: L"),
    ("GET", "/v1/models/sum/labels/absent/metadata", None, 404, "Specific(sum, 7)"),
    ("GET", "/v1/else", None, 400, "Malformed request: GET /v1/else"),
    ("GET", "/../../etc/passwd", None, 400, "Malformed request"),
    ("POST", "/v1/models/sum", {}, 400, "Malformed request: POST /v1/models/sum"),
    ("POST", "/v1/models/m:predict", {"inputs": 1}, 404, "Servable not found for request: Latest(m)"),
    ("PUT", "/v1/models/sum:predict", {}, 400, "Malformed request: PUT /v1/models/sum:predict"),
    ("DELETE", "/v1/models/sum", None, 400, "Malformed request: DELETE /v1/models/sum"),
    ("POST", CLASSES, {}, 400, "key 'examples' is expected and must be list/array"),
    ("POST", CLASSES, {"examples": []}, 400, "key 'examples' is expected"),
    ("POST", CLASSES, {"examples": [1]}, 400, "example 0 is not a JSON object"),
    ("POST", CLASSES, {"examples": [{}], "context": 1}, 400, "context is not a JSON object"),
    ("POST", CLASSES, {"examples": [{"x": None}]}, 400, "example 0, feature 'x': JSON holds NoneType"),
    ("POST", CLASSES, {"examples": [{"x": [1, "a"]}]}, 400, "feature 'x': JSON holds int, str"),
    ("POST", CLASSES, {"examples": [{"x": 2**63}]}, 400, "needs more than 64 bits"),
    ("POST", CLASSES, {"examples": [{"x": {"b": 1}}]}, 400, 'expected text or {"b64": ...}'),
    ("POST", CLASSES, {"examples": [{"x": {"b64": "?"}}]}, 400, "b64 is not base64"),
    ("POST", CLASSES, {"examples": [{}], "signature_name": "zz"}, 400, "No signature was found with the na"),
    ("POST", "/v1/models/sum:regress", {"examples": [{}]}, 400, "to be tensorflow/serving/regress. Was: "),
    ("POST", SUM, b"{", 400, "JSON Parse error"),
    ("POST", SUM, b"[" * 100_000, 400, "JSON Parse error"),
    ("POST", SUM, [], 400, "Request must be a JSON object"),
    ("POST", SUM, {}, 400, "exactly one of the keys 'instances' and 'inputs'"),
    ("POST", SUM, {"inputs": 1, "signature_name": 1}, 400, "'signature_name' key must be a string"),
    ("POST", SUM, {"inputs": 1, "signature_name": "s"}, 400, 'Serving signature name: "s" not found'),
    ("POST", SUM, {"instances": []}, 400, "a list with at least one value"),
    ("POST", SUM, {"instances": [1]}, 400, "has the inputs adc, t1; name them"),
    ("POST", SUM, {"instances": [ROW, {"t1": 1}]}, 400, "Every instance must name the same inputs"),
    ("POST", SUM, {"instances": [{"t1": ROW["t1"]}]}, 400, "Missing but required: {adc}."),
    ("POST", SUM, {"instances": [{**ROW, "t2": [1]}]}, 400, "Sent extra: {t2}."),
    ("POST", SUM, {"instances": [{**ROW, "t1": [[1], [1, 2]]}]}, 400, 'input "t1": not a regular list'),
    ("POST", SUM, {"instances": [{**ROW, "t1": "text"}]}, 400, 'input "t1": JSON holds str'),
    ("POST", SUM, {"instances": [{**ROW, "t1": [1, 2]}]}, 400, 'input "t1" has shape [1, 2]'),
    ("POST", SUM, {"instances": [NAN_ROW]}, 400, "adc holds a value that is not finite"),
    ("POST", "/v1/models/sum:predict", {"signature_name": "describe", "instances": [{}]}, 400, "batch sizes"),
    ("POST", "/v1/models/examples:predict", {"inputs": [{"b64": "?"}]}, 400, 'input "inputs": not a regular'),
    ("POST", "/v1/models/examples:predict", {"inputs": [{"c": 1}]}, 400, 'expected text or {"b64": ...}'),
    ("POST", "/v1/models/examples:predict", {"inputs": [3]}, 400, "expected text"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{one[3]} {one[4][:40]}" for one in REFUSALS])
def test_refusals_have_the_protocols_status_and_say_why(running, case):
    method, path, body, expected, text = case
    status, content = ask(running, method, path, body)
    assert status == expected
    assert text in content["error"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(running):
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    connection.putrequest("POST", SUM)
    connection.putheader("Content-Length", "4000001")
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 429
    assert "The body has 4000001 bytes, the limit is 4000000." in json.loads(reply.read())["error"]


def test_a_body_without_a_length_is_refused(running):
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    connection.putrequest("POST", SUM)
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 400
    assert "no Content-Length" in json.loads(reply.read())["error"]


def test_one_connection_serves_many_requests(running):
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    for _ in range(3):
        connection.request("POST", SUM, json.dumps({"instances": [ROW]}))
        assert connection.getresponse().read() == b'{"predictions": [[[[3.0, 4.0, 5.0, 6.0]]]]}\n'


def test_the_prometheus_page_counts_requests_and_their_time(running):
    def count() -> float:
        _, page = ask(running, "GET", "/monitoring/prometheus/metrics")
        rows = [row.rsplit(" ", 1) for row in page.splitlines() if not row.startswith("#")]
        values = {name: float(value) for name, value in rows}
        shown = values[':tensorflow:serving:request_count{model_name="sum",status="OK"}']
        labels = '{model_name="sum",API="Predict",entrypoint="REST"'
        buckets = [value for name, value in values.items() if f"latency_bucket{labels}" in name]
        assert buckets == sorted(buckets)
        assert buckets[-1] == values[f":tensorflow:serving:request_latency_count{labels}}}"]
        return shown

    ask(running, "POST", SUM, {"instances": [ROW]})
    before = count()
    ask(running, "POST", SUM, {"instances": [ROW]})
    assert count() == before + 1


def test_made_up_model_names_do_not_fill_the_prometheus_page(running):
    for number in range(3):
        ask(running, "GET", f"/v1/models/made-up-{number}")
    _, page = ask(running, "GET", "/monitoring/prometheus/metrics")
    assert "made-up" not in page
    assert 'model_name="",status="NOT_FOUND"' in page


def test_numbers_keep_their_bits_through_json(running):
    value = float(np.float32(0.1))
    body = {"inputs": {"t1": [[[[value] * 4]]], "adc": [[[[0] * 4]]]}}
    _, content = ask(running, "POST", "/v1/models/sum/versions/1:predict", body)
    assert np.float32(content["outputs"][0][0][0][0]) == np.float32(value)


def test_examples_are_classified_as_the_protocols_documentation_shows(running):
    body = {"examples": [{"image": {"b64": "aW1hZ2U="}, "caption": "seaside"}, {"caption": "hills"}]}
    status, content = ask(running, "POST", CLASSES, body)
    assert (status, content) == (200, {"results": [[["low", 0.25], ["high", 0.75]]] * 2})


def test_examples_are_given_values_as_the_protocols_documentation_shows(running):
    body = {"signature_name": "regress", "context": {"place": "x"}, "examples": [{"x": 1.0}, {"x": 2.0}]}
    status, content = ask(running, "POST", "/v1/models/examples/versions/1:regress", body)
    assert (status, content) == (200, {"results": [0.0, 1.0]})


def test_features_of_json_examples_become_those_of_the_protocol():
    from tensorflow_serving.apis import input_pb2

    from cbvsynth.server.json_examples import fill_examples

    sent = input_pb2.Input()
    example = {"whole": 3, "decimal": [1, 2.5], "text": ["a", {"b64": "/w=="}], "many": [1, 2], "none": []}
    assert fill_examples(json.dumps({"examples": [example], "signature_name": "s"}).encode(), sent) == "s"
    found = sent.example_list.examples[0].features.feature
    assert list(found["whole"].int64_list.value) == [3]
    assert list(found["decimal"].float_list.value) == [1.0, 2.5]
    assert list(found["text"].bytes_list.value) == [b"a", b"\xff"]
    assert list(found["many"].int64_list.value) == [1, 2]
    assert "none" in found


def test_a_model_that_others_document_answers_as_they_show(running):
    """The documented calls of half_plus_three: y = x / 2 + 3."""
    path = "/v1/models/half_plus_three"
    assert ask(running, "GET", path)[1]["model_version_status"][0]["state"] == "AVAILABLE"
    answer = ask(running, "POST", f"{path}:predict", {"instances": [1.0, 2.0, 5.0]})
    assert answer == (200, {"predictions": [3.5, 4.0, 5.5]})
    assert ask(running, "POST", f"{path}:predict", {"inputs": [[1.0]]})[1] == {"outputs": [[3.5]]}
    status, content = ask(running, "POST", "/v1/models/half:predict", {"instances": [1.0, 5.0]})
    assert (status, content) == (404, {"error": "Servable not found for request: Latest(half)"})
