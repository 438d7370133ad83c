"""GetModelStatus and GetModelMetadata: states of a model's versions, and their signatures."""

from __future__ import annotations

from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from cbvsynth.errors import RefusedError
from cbvsynth.server.methods.model_spec import model_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import invalid

SIGNATURES = "signature_def"

_OK, _UNKNOWN = 0, 2  # gRPC's codes


def model_status(
    store: ModelStore, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """States of one or all versions of a model, newest first.

    Raises:
        RefusedError: NOT_FOUND: no such model or version; INVALID_ARGUMENT: no name, or no such label.
    """
    name, version, label = model_of(request)
    if label:
        version = store.version_of_label(name, label)
    records = store.states(name)
    if not records:
        raise RefusedError(f"Could not find any versions of model {name}", code="NOT_FOUND")
    if version is not None and version not in records:
        raise RefusedError(f"Could not find version {version} of model {name}", code="NOT_FOUND")
    response = get_model_status_pb2.GetModelStatusResponse()
    for number, record in records.items():
        if version in (None, number):
            status = response.model_version_status.add(version=number, state=int(record.state))
            status.status.error_code = _UNKNOWN if record.error else _OK
            status.status.error_message = record.error
    return response


def model_metadata(
    store: ModelStore, request: get_model_metadata_pb2.GetModelMetadataRequest
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Signatures of a model's version.

    Raises:
        RefusedError: INVALID_ARGUMENT: no field, or one other than signature_def; NOT_FOUND: no model.
    """
    name, version, label = model_of(request)
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for wanted in request.metadata_field:
        if wanted != SIGNATURES:
            raise invalid(f"Metadata field {wanted} is not supported")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    with store.borrow(name, version, label) as served:
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for key, signature in served.model.signatures.items():
            signatures.signature_def[key].CopyFrom(signature)
        response.metadata[SIGNATURES].Pack(signatures)
        response.model_spec.name = name
        response.model_spec.version.value = served.version
    return response
