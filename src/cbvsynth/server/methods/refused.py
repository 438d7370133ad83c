"""Classify, Regress and MultiInference: refused, with TensorFlow Serving's codes and texts.

A model that these methods ask parses tf.Examples, an operation that no model served here may hold.

Source: tensorflow/serving, servables/tensorflow/classifier.cc, regressor.cc and multi_inference.cc. The
texts are those of a server started with `--enable_signature_method_name_check`: without the flag it gives
the same code and calls the signature's inputs or outputs wrong, which says nothing of the reason.
"""

from __future__ import annotations

from typing import Any, NoReturn

from tensorflow_serving.apis import inference_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.methods.model_spec import DEFAULT_SIGNATURE, model_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import invalid

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}


def refuse(store: ModelStore, request: Any, method: str) -> NoReturn:  # noqa: ANN401  any with a model_spec
    """Refuse a ClassificationRequest or a RegressionRequest.

    Raises:
        RefusedError: NOT_FOUND: no such model or version; else INVALID_ARGUMENT, UNIMPLEMENTED for a
            signature that says of itself that it offers the method.
    """
    _refuse(store, request, method, "No signature was found with the name")


def refuse_several(store: ModelStore, request: inference_pb2.MultiInferenceRequest) -> NoReturn:
    """Refuse a MultiInferenceRequest for the sake of its first task: no later one is reached.

    Raises:
        RefusedError: as in `refuse`; UNIMPLEMENTED also for a task that is neither of the two.
    """
    if not request.tasks or not request.tasks[0].model_spec.name:
        raise invalid("ModelSpec has no name specified.")
    task = request.tasks[0]
    _refuse(store, task, task.method_name, "Requested signature not found in model graph")


def _refuse(
    store: ModelStore,
    asked: Any,  # noqa: ANN401  a request or a task: whatever has a model_spec
    method: str,
    without_signature: str,
) -> NoReturn:
    name = asked.model_spec.signature_name or DEFAULT_SIGNATURE
    with store.borrow(*model_of(asked)) as served:
        if name not in served.model.signatures:
            raise invalid(f"{without_signature}: {name}")
        found = served.model.signatures[name].method_name
    if method not in _KINDS:
        raise RefusedError(f"Unsupported signature method_name: {method}", code="UNIMPLEMENTED")
    if found == method:
        raise RefusedError(
            f"This server does not answer signatures of {_KINDS[method]}; ask for Predict, or ask the "
            "production server.",
            code="UNIMPLEMENTED",
        )
    raise invalid(f"Expected {_KINDS[method]} signature method_name to be {method}. Was: {found}")
