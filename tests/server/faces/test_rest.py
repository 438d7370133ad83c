"""The REST face: paths, statuses, bodies, and the Prometheus page."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.server.rest_requests import ROW, SUM, ask

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


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


CLASSIFY = "/v1/models/sum:classify"
EXAMPLES = {"examples": [{"age": 61}]}
REFUSALS = [
    ("GET", "/v1/models/m", None, 404, "Could not find any versions of model m"),
    ("GET", "/v1/models/sum/versions/7", None, 404, "Could not find version 7 of model sum"),
    ("GET", "/v1/models/sum/versions/99999999999999999999", None, 400, "Failed to convert version"),
    ("GET", "/v1/models/sum/labels/L/metadata", None, 400, "Unrecognized servable version label: L"),
    ("GET", "/v1/models/sum/labels/absent/metadata", None, 404, "Specific(sum, 7)"),
    ("GET", "/v1/else", None, 400, "Malformed request: GET /v1/else"),
    ("GET", "/v1/models", None, 400, "Missing model name in request."),
    ("GET", "/../../etc/passwd", None, 404, "Not found"),
    ("GET", "/v1/models/no%20such%20name", None, 404, "Could not find any versions of model no such name"),
    ("OPTIONS", SUM, None, 400, "Origin header is missing in CORS preflight"),
    ("TRACE", SUM, None, 400, "Malformed request: TRACE"),
    ("BREW", SUM, None, 501, "Unsupported method ('BREW')"),
    ("POST", "/v1/models/sum", {}, 400, "Malformed request: POST /v1/models/sum"),
    ("POST", "/v1/models/m:predict", {"inputs": 1}, 404, "Servable not found for request: Latest(m)"),
    ("PUT", "/v1/models/sum:predict", {}, 400, "Malformed request: PUT /v1/models/sum:predict"),
    ("DELETE", "/v1/models/sum", None, 400, "Malformed request: DELETE /v1/models/sum"),
    ("POST", CLASSIFY, EXAMPLES, 400, "Expected one input Tensor."),
    ("POST", CLASSIFY, EXAMPLES | {"signature_name": "zz"}, 400, "No signature was found with the name: zz"),
    ("POST", CLASSIFY, EXAMPLES | {"signature_name": 1}, 400, "'signature_name' key must be a string"),
    ("POST", CLASSIFY, b"{", 400, "JSON Parse error"),
    ("POST", "/v1/models/sum/versions/1:regress", EXAMPLES, 400, "Expected one input Tensor."),
    ("POST", "/v1/models/m:classify", EXAMPLES, 404, "Servable not found for request: Latest(m)"),
    ("POST", "/v1/models/sum/labels/L:regress", EXAMPLES, 400, "Unrecognized servable version label: L"),
    ("POST", "/v1/models/words:classify", EXAMPLES | {"signature_name": "classify"}, 501, "ask for Predict"),
]


@pytest.mark.parametrize("case", REFUSALS, ids=[f"{one[3]} {one[4][:40]}" for one in REFUSALS])
def test_refusals_have_the_protocols_status_and_say_why(running, case):
    method, path, body, expected, text = case
    status, content = ask(running, method, path, body)
    assert status == expected
    assert text in content["error"]


_HALF = "/v1/models/half_plus_three:predict"
NOT_FOR_PYTHON = [
    ("GET", "/v1/models/sum/versions/" + "1" * 5000, None, "Failed to convert version: 111"),
    ("POST", CLASSIFY, b'{"signature_name": "\\ud800"}', "The surrogate pair in string is invalid."),
    ("POST", "/v1/models/words:predict", {"inputs": [{"b64": "\u00e9"}]}, "Unable to base64 decode"),
    ("POST", _HALF, b'{"inputs": ' + b"[" * 65 + b"1" + b"]" * 65 + b"}", "nested deeper than 64."),
    ("POST", _HALF, b'{"instances": ' + b"[" * 65 + b"1" + b"]" * 65 + b"}", "nested deeper than 63."),
]


@pytest.mark.parametrize("case", NOT_FOR_PYTHON, ids=[one[3][:40] for one in NOT_FOR_PYTHON])
def test_what_python_or_numpy_cannot_take_is_refused_as_everything_else(running, case):
    """The connection was closed without a byte: the error of Python's own was no refusal."""
    method, path, body, text = case
    status, content = ask(running, method, path, body)
    assert status == 400
    assert text in content["error"]


def test_an_address_that_is_none_is_refused(running):
    """The connection was closed without a byte, as Python cannot split such an address."""
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    connection.putrequest("GET", "http://[/v1/models/sum", skip_host=True)
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 400
    assert json.loads(reply.read()) == {"error": "Malformed request: GET http://[/v1/models/sum"}


def test_lists_are_refused_at_every_depth(running):
    """Between what json reads and what it writes, some 20 lists, the connection was closed without a byte."""
    for depth in range(900, 1000, 2):
        assert ask(running, "POST", SUM, b"[" * depth + b"]" * depth)[0] == 400


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


def test_names_and_labels_are_percent_decoded(running):
    status, content = ask(running, "GET", "/v1/models/%73um/labels/st%61ble")
    assert (status, [one["version"] for one in content["model_version_status"]]) == (200, ["1"])


def test_one_connection_serves_many_requests(running):
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    for _ in range(3):
        connection.request("POST", SUM, json.dumps({"instances": [ROW]}))
        assert connection.getresponse().read() == b'{"predictions":[[[[3.0,4.0,5.0,6.0]]]]}\n'


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


def test_a_model_that_others_document_answers_as_they_show(running):
    """The documented calls of half_plus_three: y = x / 2 + 3."""
    path = "/v1/models/half_plus_three"
    assert ask(running, "GET", path)[1]["model_version_status"][0]["state"] == "AVAILABLE"
    answer = ask(running, "POST", f"{path}:predict", {"instances": [1.0, 2.0, 5.0]})
    assert answer == (200, {"predictions": [3.5, 4.0, 5.5]})
    assert ask(running, "POST", f"{path}:predict", {"inputs": [[1.0]]})[1] == {"outputs": [[3.5]]}
    status, content = ask(running, "POST", "/v1/models/half:predict", {"instances": [1.0, 5.0]})
    assert (status, content) == (404, {"error": "Servable not found for request: Latest(half)"})
