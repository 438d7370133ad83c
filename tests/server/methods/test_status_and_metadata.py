"""States of versions and signatures, asked by TensorFlow Serving's own stubs."""

from __future__ import annotations

import pytest
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from tests.server.protocol_requests import refusal

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def status_request(
    name: str, version: int = 0, label: str = ""
) -> get_model_status_pb2.GetModelStatusRequest:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if label:
        request.model_spec.version_label = label
    elif version:
        request.model_spec.version.value = version
    return request


def test_the_status_lists_versions_from_the_newest(running):
    reply = running.models.GetModelStatus(status_request("sum", version=1), timeout=60)
    assert [(one.version, one.state) for one in reply.model_version_status] == [(1, 30)]
    reply = running.models.GetModelStatus(status_request("sum"), timeout=60)
    assert [(one.version, one.state) for one in reply.model_version_status] == [(2, 30), (1, 30)]
    assert reply.model_version_status[0].status.error_code == 0


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"name": "m", "version": 1}, "NOT_FOUND", "Could not find any versions of model m"),
        ({"name": "sum", "version": 7}, "NOT_FOUND", "Could not find version 7 of model sum"),
        ({"name": "sum", "label": "L"}, "INVALID_ARGUMENT", "Unrecognized servable version label: L"),
        ({"name": "", "version": 1}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ],
)
def test_the_status_of_what_is_not_there_is_refused(running, spec, code, text):
    assert refusal(running.models.GetModelStatus, status_request(**spec)) == (code, text)


def test_metadata_hold_the_signatures(running):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "sum"
    reply = running.predictions.GetModelMetadata(request, timeout=60)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert reply.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "describe", "pair"}
    assert set(signatures.signature_def["serving_default"].inputs) == {"t1", "adc"}
    assert reply.model_spec.version.value == 2


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["colour"], "Metadata field colour is not supported"),
    ],
)
def test_metadata_of_no_or_an_unknown_field_are_refused(running, fields, text):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "sum"
    assert refusal(running.predictions.GetModelMetadata, request) == ("INVALID_ARGUMENT", text)
