"""Predict: a request checked against the signature, run, and answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.flags import ServerOptions
from cbvsynth.server.loading import LoadedModel, ServedVersion
from cbvsynth.server.methods.model_spec import model_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import (
    Array,
    Claim,
    claim_of,
    fill_proto,
    invalid,
    require_bounds,
    require_shape,
)
from cbvsynth.signature import PREDICT_SIGNATURE

_METHODS = tuple(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))


@dataclass(frozen=True)
class Predictor:
    """Answers Predict, on the terms that the flags set."""

    store: ModelStore
    options: ServerOptions

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
        return predict_with(served.model, served.version, request, self.options)


def predict_with(
    model: LoadedModel, version: int, request: predict_pb2.PredictRequest, options: ServerOptions
) -> predict_pb2.PredictResponse:
    """Answer a request with a model; the reply names its version.

    Raises:
        RefusedError: an input, an output or the signature is not the model's, or the graph refuses.
    """
    name = request.model_spec.signature_name or PREDICT_SIGNATURE
    signature = signature_of(model, name, options)
    sent = _with_defaults(signature, request.inputs)
    check_names(signature, sent)
    claims = [claim_of(proto, key, signature.inputs[key]) for key, proto in sent.items()]
    response = predict_pb2.PredictResponse()
    for key, array in run(model, name, claims, request.output_filter, options).items():
        fill_proto(response.outputs[key], array, as_content=options.enable_serialization_as_tensor_content)
    response.model_spec.name = request.model_spec.name
    response.model_spec.signature_name = name
    response.model_spec.version.value = version
    return response


def run(
    model: LoadedModel,
    signature_name: str,
    claims: Collection[Claim],
    wanted: Collection[str],
    options: ServerOptions,
) -> dict[str, Array]:
    """The outputs wanted, all without a wish; inputs are bounded together before one is unpacked.

    Raises:
        RefusedError: an input or an output is not the model's, is too large, or the graph refuses.
    """
    signature = model.signatures[signature_name]
    outputs = _outputs(signature, wanted)
    require_bounds(claims, model.largest_shape, options)
    if options.enable_signature_shape_check:
        for claim in claims:
            require_shape(claim, signature.inputs[claim.name])
    return model.run(signature_name, {claim.name: claim.unpack() for claim in claims}, outputs)


def signature_of(model: LoadedModel, name: str, options: ServerOptions) -> meta_graph_pb2.SignatureDef:
    """A model's signature.

    Raises:
        RefusedError: FAILED_PRECONDITION: it has no such signature; INTERNAL: it is of another method, and
            that is to be checked.
    """
    if name not in model.signatures:
        raise RefusedError(f'Serving signature key "{name}" not found.', code="FAILED_PRECONDITION")
    signature = model.signatures[name]
    if options.enable_signature_method_name_check and signature.method_name not in _METHODS:
        raise RefusedError(
            f"Expected prediction signature method_name to be one of {{{', '.join(_METHODS)}}}. Was: "
            f"{signature.method_name}",
            code="INTERNAL",
        )
    return signature


def check_names(signature: meta_graph_pb2.SignatureDef, sent: Collection[str]) -> None:
    """Refuse inputs that are missing or that the signature does not have.

    Raises:
        RefusedError: INVALID_ARGUMENT with the names.
    """
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


def _with_defaults(
    signature: meta_graph_pb2.SignatureDef, sent: Mapping[str, tensor_pb2.TensorProto]
) -> Mapping[str, tensor_pb2.TensorProto]:
    """What was sent, and what the signature itself has for inputs that may be left out."""
    return {**signature.defaults, **sent} if signature.defaults else sent


def _outputs(signature: meta_graph_pb2.SignatureDef, wanted: Collection[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    for name in wanted:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set "
                f"{_listed(signature.outputs)}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.add(name)
    return tuple(wanted) or tuple(sorted(signature.outputs))


def _listed(names: Collection[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
