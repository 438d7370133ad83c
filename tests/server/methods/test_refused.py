"""Classify, Regress and MultiInference of models that predict, asked by TensorFlow Serving's own stubs."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.server.protocol_requests import refusal

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
EXPECTED = "Expected {} signature method_name to be {}. Was: tensorflow/serving/predict"
NO_CLASSIFY = EXPECTED.format("classification", CLASSIFY)
NO_REGRESS = EXPECTED.format("regression", REGRESS)
UNKNOWN = "Servable not found for request: "
NOT_HERE = "This server does not answer signatures of classification; ask for Predict, or ask the production "


def with_example(request: Any, name: str = "", signature: str = "", **version: Any) -> Any:
    request.model_spec.name, request.model_spec.signature_name = name, signature
    if "version" in version:
        request.model_spec.version.value = version["version"]
    elif "label" in version:
        request.model_spec.version_label = version["label"]
    request.input.example_list.examples.add()
    return request


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"name": "sum"}, "INVALID_ARGUMENT", NO_CLASSIFY),
        ({"name": "sum", "signature": "describe"}, "INVALID_ARGUMENT", NO_CLASSIFY),
        ({"name": "sum", "label": "stable"}, "INVALID_ARGUMENT", NO_CLASSIFY),
        ({"name": "sum", "signature": "zz"}, "INVALID_ARGUMENT", "No signature was found with the name: zz"),
        ({}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ({"name": "m"}, "NOT_FOUND", UNKNOWN + "Latest(m)"),
        ({"name": "sum", "version": 99}, "NOT_FOUND", UNKNOWN + "Specific(sum, 99)"),
        ({"name": "sum", "label": "L"}, "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
        ({"name": "words", "signature": "classify"}, "UNIMPLEMENTED", NOT_HERE + "server."),
    ],
)
def test_a_model_that_predicts_does_not_classify(running, asked, code, text):
    request = with_example(classification_pb2.ClassificationRequest(), **asked)
    assert refusal(running.predictions.Classify, request) == (code, text)


def test_a_model_that_predicts_does_not_regress(running):
    request = with_example(regression_pb2.RegressionRequest(), "sum")
    assert refusal(running.predictions.Regress, request) == ("INVALID_ARGUMENT", NO_REGRESS)


def test_a_signature_that_classifies_does_not_regress(running):
    request = with_example(regression_pb2.RegressionRequest(), "words", "classify")
    code, text = refusal(running.predictions.Regress, request)
    assert code == "INVALID_ARGUMENT"
    assert text == f"Expected regression signature method_name to be {REGRESS}. Was: {CLASSIFY}"


@pytest.mark.parametrize("method", ["Classify", "Regress"])
def test_a_request_without_a_model_is_refused(running, method):
    empty = {
        "Classify": classification_pb2.ClassificationRequest(),
        "Regress": regression_pb2.RegressionRequest(),
    }
    found = refusal(getattr(running.predictions, method), empty[method])
    assert found == ("INVALID_ARGUMENT", "Missing ModelSpec")


@pytest.mark.parametrize(
    ("tasks", "code", "text"),
    [
        ([("sum", "", CLASSIFY), ("sum", "describe", REGRESS)], "INVALID_ARGUMENT", NO_CLASSIFY),
        ([("sum", "", REGRESS)], "INVALID_ARGUMENT", NO_REGRESS),
        ([], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ([("", "", CLASSIFY)], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ([("m", "", CLASSIFY)], "NOT_FOUND", UNKNOWN + "Latest(m)"),
        ([("sum", "zz", CLASSIFY)], "INVALID_ARGUMENT", "Requested signature not found in model graph: zz"),
        ([("sum", "", "zz")], "UNIMPLEMENTED", "Unsupported signature method_name: zz"),
    ],
)
def test_several_inferences_are_refused_for_their_first(running, tasks, code, text):
    request = inference_pb2.MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    request.input.example_list.examples.add()
    assert refusal(running.predictions.MultiInference, request) == (code, text)
