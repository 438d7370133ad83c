"""Classify, Regress and MultiInference: refused, with TensorFlow Serving's codes and texts.

A model that these methods ask parses tf.Examples, an operation that no model served here may hold.

Source: tensorflow/serving, servables/tensorflow/classifier.cc, regressor.cc and multi_inference.cc. With
`--enable_signature_method_name_check` the signature's method decides, without it the number and the names of
its inputs and outputs.
"""

from __future__ import annotations

from typing import Any, NoReturn

from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import inference_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.flags import ServerOptions
from cbvsynth.server.methods.model_spec import model_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import invalid
from cbvsynth.signature import PREDICT_SIGNATURE

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}


def refuse(store: ModelStore, request: Any, method: str, options: ServerOptions) -> NoReturn:  # noqa: ANN401
    """Refuse a ClassificationRequest or a RegressionRequest, or whatever else has a model_spec.

    Raises:
        RefusedError: NOT_FOUND: no such model or version; else INVALID_ARGUMENT, UNIMPLEMENTED for a
            signature that offers the method.
    """
    _refuse(store, request, method, options, "No signature was found with the name")


def refuse_several(
    store: ModelStore, request: inference_pb2.MultiInferenceRequest, options: ServerOptions
) -> NoReturn:
    """Refuse a MultiInferenceRequest for the sake of its first task: no later one is reached.

    Raises:
        RefusedError: as in `refuse`; UNIMPLEMENTED also for a task that is neither of the two.
    """
    if not request.tasks or not request.tasks[0].model_spec.name:
        raise invalid("ModelSpec has no name specified.")
    task = request.tasks[0]
    _refuse(store, task, task.method_name, options, "Requested signature not found in model graph")


def _refuse(
    store: ModelStore,
    asked: Any,  # noqa: ANN401  a request or a task: whatever has a model_spec
    method: str,
    options: ServerOptions,
    without_signature: str,
) -> NoReturn:
    name = asked.model_spec.signature_name or PREDICT_SIGNATURE
    with store.borrow(*model_of(asked)) as served:
        if name not in served.model.signatures:
            raise invalid(f"{without_signature}: {name}")
        signature = served.model.signatures[name]
    if method not in _KINDS:
        raise RefusedError(f"Unsupported signature method_name: {method}", code="UNIMPLEMENTED")
    if options.enable_signature_method_name_check:
        if signature.method_name != method:
            raise invalid(
                f"Expected {_KINDS[method]} signature method_name to be {method}. Was: "
                f"{signature.method_name}"
            )
    else:
        _require_form(signature, method)
    raise RefusedError(
        f"This server does not answer signatures of {_KINDS[method]}; ask for Predict, or ask the "
        "production server.",
        code="UNIMPLEMENTED",
    )


def _require_form(signature: meta_graph_pb2.SignatureDef, method: str) -> None:
    """Refuse a signature whose inputs and outputs are not those of the method."""
    kind, outputs = _KINDS[method], set(signature.outputs)
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if method == CLASSIFY and len(outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(outputs)}")
    if method == REGRESS and len(outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if "inputs" not in signature.inputs:
        raise invalid(f"No {kind} inputs found in SignatureDef: its input is {next(iter(signature.inputs))}")
    if method == CLASSIFY and not outputs & {"classes", "scores"}:
        raise invalid(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Found: {', '.join(sorted(outputs))}"
        )
    if method == REGRESS and "outputs" not in outputs:
        raise invalid(f"No regression outputs found in SignatureDef: its output is {next(iter(outputs))}")
