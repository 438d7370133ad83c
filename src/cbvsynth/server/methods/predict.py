"""Predict: a request checked against the signature, run, and answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.loading import LoadedModel, ServedVersion
from cbvsynth.server.methods.model_spec import DEFAULT_SIGNATURE, model_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import array_of, fill_proto, invalid


@dataclass(frozen=True)
class Predictor:
    """Answers Predict.

    max_bytes: largest input when unpacked.
    as_content: replies carry raw bytes instead of listed values.
    """

    store: ModelStore
    max_bytes: int
    as_content: bool

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Answer a request.

        Raises:
            RefusedError: with the code and text of the protocol.
        """
        name, version, label = model_of(request)
        with self.store.borrow(name, version, label) as served:
            return self.predict_on(served, request)

    def predict_on(
        self, served: ServedVersion, request: predict_pb2.PredictRequest
    ) -> predict_pb2.PredictResponse:
        """Answer a request with a borrowed version."""
        return predict_with(served.model, served.version, request, self.max_bytes, self.as_content)


def predict_with(
    model: LoadedModel,
    version: int,
    request: predict_pb2.PredictRequest,
    max_bytes: int,
    as_content: bool,  # noqa: FBT001  a setting of the server
) -> predict_pb2.PredictResponse:
    """Answer a request with a model; the reply names its version.

    Raises:
        RefusedError: an input, an output or the signature is not the model's, or the graph refuses.
    """
    signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = signature_of(model, signature_name)
    _check_names(signature, request.inputs)
    outputs = _outputs(signature, request.output_filter)
    inputs = {
        name: array_of(proto, name, signature.inputs[name], max_bytes)
        for name, proto in request.inputs.items()
    }
    response = predict_pb2.PredictResponse()
    for name, array in model.run(signature_name, inputs, outputs).items():
        fill_proto(response.outputs[name], array, as_content=as_content)
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = signature_name
    response.model_spec.version.value = version
    return response


def signature_of(model: LoadedModel, name: str) -> meta_graph_pb2.SignatureDef:
    """A model's signature.

    Raises:
        RefusedError: FAILED_PRECONDITION: it has no such signature.
    """
    if name not in model.signatures:
        raise RefusedError(f'Serving signature key "{name}" not found.', code="FAILED_PRECONDITION")
    return model.signatures[name]


def _check_names(signature: meta_graph_pb2.SignatureDef, sent: Collection[str]) -> None:
    wanted, found = set(signature.inputs), set(sent)
    if len(found) != len(wanted):
        raise invalid(
            f"input size does not match signature: {len(found)}!={len(wanted)} len({_listed(found)}) != "
            f"len({_listed(wanted)}). Sent extra: {_listed(found - wanted)}. Missing but required: "
            f"{_listed(wanted - found)}."
        )
    if found != wanted:
        raise invalid(
            f"input tensor alias not found in signature: {min(found - wanted)}. Inputs expected to be in the "
            f"set {_listed(wanted)}."
        )


def _outputs(signature: meta_graph_pb2.SignatureDef, wanted: Collection[str]) -> tuple[str, ...]:
    for name in wanted:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set "
                f"{_listed(signature.outputs)}."
            )
    if len(set(wanted)) != len(wanted):
        twice = next(name for name in wanted if list(wanted).count(name) > 1)
        raise invalid(f"duplicate output tensor alias: {twice}")
    return tuple(wanted) or tuple(sorted(signature.outputs))


def _listed(names: Collection[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
