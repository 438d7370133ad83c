"""What grpcurl asks: which services there are, and what a method takes."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

SERVICES = {
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
    "inference.GRPCInferenceService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
}


def asked(running, **request):
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    (reply,) = stub.ServerReflectionInfo(
        iter([reflection_pb2.ServerReflectionRequest(**request)]), timeout=30
    )
    return reply


def test_the_services_are_listed(running):
    reply = asked(running, list_services="")
    assert {one.name for one in reply.list_services_response.service} == SERVICES


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_is_described_with_all_that_it_needs(running, service):
    reply = asked(running, file_containing_symbol=service)
    files = [
        FileDescriptorProto.FromString(one) for one in reply.file_descriptor_response.file_descriptor_proto
    ]
    found = {f"{file.package}.{one.name}": one for file in files for one in file.service}
    assert found[service].method


def test_a_symbol_that_is_not_there_is_not_found(running):
    assert asked(running, file_containing_symbol="a.B").error_response.error_code == 5
