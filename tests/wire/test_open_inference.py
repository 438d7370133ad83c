"""Messages of the Open Inference Protocol: the published fields, methods and paths."""

from __future__ import annotations

from typing import Any

import pytest

from cbvsynth.wire import open_inference


def published() -> Any:
    """The classes that the protocol's makers publish."""
    return pytest.importorskip("open_inference.grpc.protocol")


@pytest.mark.parametrize("name", open_inference.MESSAGES)
def test_every_field_has_the_published_number_and_type(name: str) -> None:
    theirs: Any = published().DESCRIPTOR
    outer, _, inner = name.partition(".")
    theirs = theirs.message_types_by_name[outer]
    theirs = theirs.nested_types_by_name[inner] if inner else theirs
    ours = open_inference.message_class(name).DESCRIPTOR
    assert {field.name for field in ours.fields} == {field.name for field in theirs.fields}
    for field in theirs.fields:
        own = ours.fields_by_name[field.name]
        assert (own.number, own.type, own.is_repeated) == (field.number, field.type, field.is_repeated)


def test_the_methods_are_the_published_ones() -> None:
    service = published().DESCRIPTOR.services_by_name["GRPCInferenceService"]
    own = open_inference.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert own.full_name == service.full_name == open_inference.SERVICE
    for method in own.methods:
        other = service.methods_by_name[method.name]
        assert method.input_type.full_name == other.input_type.full_name
        assert method.output_type.full_name == other.output_type.full_name


def test_a_message_is_the_same_bytes_on_both_sides() -> None:
    theirs = published().ModelInferRequest(model_name="m", model_version="3", raw_input_contents=[b"abcd"])
    theirs.inputs.add(name="t1", datatype="FP32", shape=[1, 1])
    theirs.parameters["signature_name"].string_param = "describe"
    ours = open_inference.ModelInferRequest.FromString(theirs.SerializeToString())
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
    assert ours.parameters[open_inference.SIGNATURE_PARAMETER].string_param == "describe"


def test_the_path_is_grpcs() -> None:
    assert open_inference.method_path("ModelInfer") == "/inference.GRPCInferenceService/ModelInfer"
