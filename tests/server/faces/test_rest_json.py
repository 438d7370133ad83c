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
    (SUM, b"[" * 100_000, "JSON Parse error"),
    (SUM, [], "Request must be a JSON object"),
    (SUM, {}, "exactly one of the keys 'instances' and 'inputs'"),
    (SUM, {"inputs": 1, "signature_name": 1}, "'signature_name' key must be a string"),
    (SUM, {"inputs": 1, "signature_name": "s"}, 'Serving signature name: "s" not found'),
    (SUM, {"instances": []}, "a list with at least one value"),
    (SUM, {"instances": [1]}, "has the inputs adc, t1; name them"),
    (SUM, {"instances": [ROW, {"t1": 1}]}, "Every instance must name the same inputs"),
    (SUM, {"instances": [{"t1": ROW["t1"]}]}, "Missing but required: {adc}."),
    (SUM, {"instances": [{**ROW, "t2": [1]}]}, "Sent extra: {t2}."),
    (SUM, {"instances": [{**ROW, "t1": [[1], [1, 2]]}]}, 'input "t1": not a regular list'),
    (SUM, {"instances": [{**ROW, "t1": "text"}]}, 'input "t1": JSON holds str'),
    (SUM, {"instances": [{**ROW, "t1": [1, 2]}]}, 'input "t1" has shape [1, 2]'),
    (SUM, {"instances": [NAN_ROW]}, "adc holds a value that is not finite"),
    (SUM, {"signature_name": "describe", "instances": [{}]}, "batch sizes"),
    (WORDS, {"inputs": [{"b64": "?"}]}, 'input "inputs": not a regular'),
    (WORDS, {"inputs": [{"c": 1}]}, 'expected text or {"b64": ...}'),
    (WORDS, {"inputs": [3]}, "expected text"),
]


@pytest.mark.parametrize(("path", "body", "text"), REFUSALS, ids=[text for _, _, text in REFUSALS])
def test_a_body_that_does_not_fit_is_refused_and_told_why(running, path, body, text):
    status, content = ask(running, "POST", path, body)
    assert status == 400
    assert text in content["error"]
