"""Classify, Regress and MultiInference of models that predict, asked by TensorFlow Serving's own stubs."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.server.protocol_requests import refusal

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{name}" for name in ("predict", "classify", "regress"))
ONE_INPUT = "Expected one input Tensor."
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
        ({"name": "sum"}, "INVALID_ARGUMENT", ONE_INPUT),
        ({"name": "sum", "signature": "describe"}, "INVALID_ARGUMENT", ONE_INPUT),
        ({"name": "sum", "label": "stable"}, "INVALID_ARGUMENT", ONE_INPUT),
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
    assert refusal(running.predictions.Regress, request) == ("INVALID_ARGUMENT", ONE_INPUT)


def test_a_signature_that_classifies_does_not_regress(running):
    request = with_example(regression_pb2.RegressionRequest(), "words", "classify")
    code, text = refusal(running.predictions.Regress, request)
    assert code == "INVALID_ARGUMENT"
    assert text == "No regression outputs found in SignatureDef: its output is classes"


@pytest.mark.parametrize(
    ("model", "signature", "method", "text"),
    [
        (
            "sum",
            "",
            CLASSIFY,
            f"Expected classification signature method_name to be {CLASSIFY}. Was: {PREDICT}",
        ),
        ("sum", "", REGRESS, f"Expected regression signature method_name to be {REGRESS}. Was: {PREDICT}"),
        (
            "words",
            "classify",
            REGRESS,
            f"Expected regression signature method_name to be {REGRESS}. Was: {CLASSIFY}",
        ),
        ("words", "classify", CLASSIFY, NOT_HERE + "server."),
    ],
)
def test_the_methods_name_decides_where_it_is_to_be_checked(running, model, signature, method, text):
    from cbvsynth.errors import RefusedError
    from cbvsynth.server.flags import ServerOptions
    from cbvsynth.server.methods.refused import refuse

    request = with_example(classification_pb2.ClassificationRequest(), model, signature)
    with pytest.raises(RefusedError) as caught:
        refuse(running.store, request, method, ServerOptions(enable_signature_method_name_check=True))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("inputs", "outputs", "method", "text"),
    [
        (("inputs",), ("a", "b", "c"), CLASSIFY, "Expected one or two output Tensors, found 3"),
        (("x",), ("scores",), CLASSIFY, "No classification inputs found in SignatureDef: its input is x"),
        (("inputs",), ("a",), CLASSIFY, 'to contain at least one of "classes" or "scores". Found: a'),
        (("inputs",), ("a", "b"), REGRESS, "Expected one output Tensor."),
        (("x",), ("outputs",), REGRESS, "No regression inputs found in SignatureDef: its input is x"),
    ],
)
def test_the_form_decides_where_it_is_not(inputs, outputs, method, text):
    from tensorflow.core.protobuf import meta_graph_pb2

    from cbvsynth.errors import RefusedError
    from cbvsynth.server.methods.refused import _require_form

    signature = meta_graph_pb2.SignatureDef()
    for names, target in ((inputs, signature.inputs), (outputs, signature.outputs)):
        for name in names:
            target[name].name = name
    with pytest.raises(RefusedError) as caught:
        _require_form(signature, method)
    assert text in str(caught.value)


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
        ([("sum", "", CLASSIFY), ("sum", "describe", REGRESS)], "INVALID_ARGUMENT", ONE_INPUT),
        ([("sum", "", REGRESS)], "INVALID_ARGUMENT", ONE_INPUT),
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
