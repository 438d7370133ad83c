"""Classify, Regress and MultiInference: tf.Examples in, classes or values out.

A signature offers them by its method name. SavedModels written by TensorFlow 2, ours too, name every
signature a prediction; they are refused with the production server's words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, model_pb2, regression_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.loading import LoadedModel
from cbvsynth.server.models import ModelStore
from cbvsynth.server.predict import DEFAULT_SIGNATURE, model_of
from cbvsynth.server.tensors import Array, invalid

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
INPUTS, OUTPUTS, CLASSES, SCORES = "inputs", "outputs", "classes", "scores"

_WORDS = {CLASSIFY: "classification", REGRESS: "regression"}


@dataclass(frozen=True)
class ExampleRunner:
    """Answers requests that carry tf.Examples."""

    store: ModelStore

    def classify(
        self, request: classification_pb2.ClassificationRequest
    ) -> classification_pb2.ClassificationResponse:
        """Classes and scores of every example.

        Raises:
            RefusedError: the signature is none for classification, or the examples do not fit.
        """
        response = classification_pb2.ClassificationResponse()
        with self.store.borrow(*model_of(request)) as served:
            _classify(served.model, request.model_spec, request.input, response.result)
            _echo(request.model_spec, served.version, response.model_spec)
        return response

    def regress(self, request: regression_pb2.RegressionRequest) -> regression_pb2.RegressionResponse:
        """A value for every example.

        Raises:
            RefusedError: the signature is none for regression, or the examples do not fit.
        """
        response = regression_pb2.RegressionResponse()
        with self.store.borrow(*model_of(request)) as served:
            _regress(served.model, request.model_spec, request.input, response.result)
            _echo(request.model_spec, served.version, response.model_spec)
        return response

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest
    ) -> inference_pb2.MultiInferenceResponse:
        """Several of both on the same examples.

        Raises:
            RefusedError: there is no task, the tasks are of several models, or one of them is refused.
        """
        if not request.tasks:
            raise invalid("Inference request must have at least one task")
        names = {task.model_spec.name for task in request.tasks}
        if len(names) > 1:
            raise invalid(f"The tasks must name one model, got {', '.join(sorted(names))}.")

        response = inference_pb2.MultiInferenceResponse()
        for task in request.tasks:
            with self.store.borrow(*model_of(task)) as served:
                result = response.results.add()
                if task.method_name == CLASSIFY:
                    _classify(served.model, task.model_spec, request.input, result.classification_result)
                elif task.method_name == REGRESS:
                    _regress(served.model, task.model_spec, request.input, result.regression_result)
                else:
                    raise RefusedError(f"Unrecognized method name: {task.method_name}", code="UNIMPLEMENTED")
                _echo(task.model_spec, served.version, result.model_spec)
        return response


def _classify(
    model: LoadedModel,
    spec: model_pb2.ModelSpec,
    sent: input_pb2.Input,
    result: classification_pb2.ClassificationResult,
) -> None:
    name, signature = _signature(model, spec, CLASSIFY)
    wanted = tuple(output for output in (CLASSES, SCORES) if output in signature.outputs)
    if not wanted:
        raise RefusedError(
            "Expected classification signature outputs to contain at least one of "
            f'"{CLASSES}" or "{SCORES}".',
            code="FAILED_PRECONDITION",
        )
    examples = _examples(sent)
    answer = model.run(name, {INPUTS: examples}, wanted)
    shapes = {array.shape for array in answer.values()}
    shape = next(iter(shapes))
    if len(shapes) > 1 or len(shape) != 2 or shape[0] != len(examples):
        raise invalid(f"Expected outputs of one shape [{len(examples)} num_classes]. Got: {sorted(shapes)}")
    for row in range(shape[0]):
        classes = result.classifications.add().classes
        for column in range(shape[1]):
            added = classes.add()
            if CLASSES in answer:
                added.label = answer[CLASSES][row, column].decode("utf-8", errors="replace")
            if SCORES in answer:
                added.score = float(answer[SCORES][row, column])


def _regress(
    model: LoadedModel,
    spec: model_pb2.ModelSpec,
    sent: input_pb2.Input,
    result: regression_pb2.RegressionResult,
) -> None:
    name, signature = _signature(model, spec, REGRESS)
    if OUTPUTS not in signature.outputs:
        raise RefusedError("No regression outputs found in SignatureDef", code="FAILED_PRECONDITION")
    examples = _examples(sent)
    values = model.run(name, {INPUTS: examples}, (OUTPUTS,))[OUTPUTS]
    if values.shape not in ((len(examples),), (len(examples), 1)):
        raise invalid(
            f"Expected output Tensor shape to be either [{len(examples)}] or [{len(examples)} 1]. "
            f"Got: {list(values.shape)}"
        )
    for value in values.reshape(-1):
        result.regressions.add(value=float(value))


def _signature(
    model: LoadedModel, spec: model_pb2.ModelSpec, method: str
) -> tuple[str, meta_graph_pb2.SignatureDef]:
    name = spec.signature_name or DEFAULT_SIGNATURE
    if name not in model.signatures:
        raise invalid(f"No signature was found with the name: {name}")
    signature = model.signatures[name]
    if signature.method_name != method:
        raise invalid(
            f"Expected {_WORDS[method]} signature method_name to be {method}. Was: {signature.method_name}"
        )
    if set(signature.inputs) != {INPUTS}:
        raise RefusedError(
            f"No {_WORDS[method]} inputs found in SignatureDef; expected one, '{INPUTS}'.",
            code="FAILED_PRECONDITION",
        )
    return name, signature


def _examples(sent: input_pb2.Input) -> Array:
    """The serialised examples, (B,) bytes; a shared context is merged into each."""
    if sent.WhichOneof("kind") == "example_list_with_context":
        context = sent.example_list_with_context.context.SerializeToString()
        texts = [context + one.SerializeToString() for one in sent.example_list_with_context.examples]
    else:
        texts = [one.SerializeToString() for one in sent.example_list.examples]
    if not texts:
        raise invalid("Input is empty.")
    return np.array(texts, dtype=object)


def _echo(asked: model_pb2.ModelSpec, version: int, answered: model_pb2.ModelSpec) -> None:
    answered.name = asked.name
    answered.signature_name = asked.signature_name or DEFAULT_SIGNATURE
    answered.version.value = version
