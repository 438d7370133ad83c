"""Predictions in JSON: rows, columns, text, and what does not fit a signature."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.server.rest_requests import ROW, SUM, ask

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

WORDS = "/v1/models/words:predict"


def test_rows_are_answered_by_rows(running):
    status, content = ask(running, "POST", "/v1/models/sum/versions/1:predict", {"instances": [ROW, ROW]})
    assert (status, content) == (200, {"predictions": [[[[2, 3, 4, 5]]]] * 2})


def test_columns_are_answered_by_columns(running):
    columns = {name: [value] for name, value in ROW.items()}
    status, content = ask(running, "POST", "/v1/models/sum/labels/stable:predict", {"inputs": columns})
    assert (status, content) == (200, {"outputs": [[[[2, 3, 4, 5]]]]})


def test_a_single_input_needs_no_name_and_several_outputs_have_theirs(running):
    body = {"signature_name": "pair", "inputs": [3, 4]}
    assert ask(running, "POST", SUM, body) == (
        200,
        {"outputs": {"double": [6, 8], "shape": [2]}},
    )


def test_rows_of_several_outputs_are_named(running):
    body = {"signature_name": "pair", "instances": [3]}
    assert ask(running, "POST", SUM, body)[1] == {"predictions": [{"double": 6, "shape": 1}]}


def test_text_goes_as_text_or_as_base64(running):
    body = {"inputs": [{"b64": base64.b64encode(b"\xff").decode()}, "plain"]}
    status, content = ask(running, "POST", WORDS, body)
    assert status == 200
    assert content["outputs"] == [["low", "high"]] * 2


def test_numbers_keep_their_bits_through_json(running):
    value = float(np.float32(0.1))
    body = {"inputs": {"t1": [[[[value] * 4]]], "adc": [[[[0] * 4]]]}}
    _, content = ask(running, "POST", "/v1/models/sum/versions/1:predict", body)
    assert np.float32(content["outputs"][0][0][0][0]) == np.float32(value)


NAN_ROW = {"t1": [[[1, 2, 3, 4]]], "adc": [[[float("nan")] * 4]]}
REFUSALS = [
    (SUM, b"{", "JSON Parse error"),
    (SUM, b"[" * 100_000, "JSON Parse error: Lists are nested too deeply"),
    (SUM, b"", "The document is empty"),
    (SUM, b"\xff", "JSON Parse error: The document is not UTF-8"),
    (SUM, b'{"inputs": ' + b"9" * 5000 + b"}", "JSON Parse error: A number has too many digits"),
    (SUM, [], "JSON Value: [] Is not object"),
    (SUM, {}, "Missing 'inputs' or 'instances' key"),
    (SUM, {"inputs": 1, "instances": 1}, "expecting only one of 'inputs' or 'instances' keys"),
    (SUM, {"inputs": 1, "signature_name": 1}, "'signature_name' key must be a string"),
    (SUM, {"inputs": 1, "signature_name": "s"}, 'Serving signature name: "s" not found'),
    (SUM, {"instances": []}, "No values in 'instances' array"),
    (SUM, {"instances": 1}, "Expecting 'instances' to be an list/array"),
    (SUM, {"instances": [1]}, "instances is a plain list, but expecting list of objects"),
    (SUM, {"inputs": [1]}, "inputs is a plain value/list, but expecting an object"),
    (SUM, {"inputs": {"t1": 1}}, "Missing named input: adc in 'inputs' object."),
    (SUM, {"instances": [ROW, 1]}, "Expecting object but got list at item 1 of input list"),
    (WORDS, {"instances": ["a", {"c": 1, "d": 2}]}, "Expecting value/list but got object at item 1"),
    (SUM, {"instances": [ROW, {"t1": 1}]}, "Failed to process element: 1 of 'instances' list."),
    (SUM, {"instances": [{**ROW, "t2": [1]}]}, "keys must be equal to: adc,t1"),
    (SUM, {"instances": [ROW, {**ROW, "t1": [1]}]}, "Expecting shape [1, 1, 4] but got: [1]"),
    (
        SUM,
        {"instances": [{**ROW, "t1": [[1], [1, 2]]}]},
        "Encountered list at unexpected size: 2 at level: 1",
    ),
    (
        SUM,
        {"instances": [{**ROW, "t1": "text"}]},
        'JSON Value: "text" Type: String is not of expected type: float32',
    ),
    (SUM, {"instances": [NAN_ROW]}, "adc holds a value that is not finite"),
    (SUM, {"signature_name": "describe", "inputs": {}}, "Failed to get input map for signature: describe"),
    (WORDS, {"inputs": [{"b64": "?"}]}, "Unable to base64 decode"),
    (WORDS, {"inputs": [{"c": 1}]}, 'JSON Value: {"c": 1} not formatted correctly for base64 data'),
    (WORDS, {"inputs": [3]}, "JSON Value: 3 Type: Number is not of expected type: string"),
    (SUM, {"signature_name": "pair", "inputs": [4294967296]}, "out of the range of type: int32"),
]


@pytest.mark.parametrize(("path", "body", "text"), REFUSALS, ids=[text for _, _, text in REFUSALS])
def test_a_body_that_does_not_fit_is_refused_and_told_why(running, path, body, text):
    status, content = ask(running, "POST", path, body)
    assert status == 400
    assert text in content["error"]
