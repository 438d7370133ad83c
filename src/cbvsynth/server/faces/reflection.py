"""Server reflection: grpcurl and its like ask the server itself which services and messages there are."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2

from cbvsynth.wire import open_inference


def add_reflection(server: grpc.Server, services: Sequence[str], *, with_health: bool) -> None:
    """Answer grpc.reflection.v1alpha for these services."""
    from grpc_reflection.v1alpha import reflection

    names = [*services, reflection.SERVICE_NAME]
    if with_health:
        names.append(health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    reflection.enable_server_reflection(names, server, _pool())


def _pool() -> descriptor_pool.DescriptorPool:
    """Every file that describes a service here: ours of the third protocol lies in a pool of its own."""
    from grpc_reflection.v1alpha import reflection_pb2

    pool = descriptor_pool.DescriptorPool()
    added: set[str] = set()

    def add(file: FileDescriptor) -> None:
        if file.name in added:
            return
        added.add(file.name)
        for needed in file.dependencies:
            add(needed)
        proto = FileDescriptorProto()
        file.CopyToProto(proto)
        pool.Add(proto)

    for module in (prediction_service_pb2, model_service_pb2, health_pb2, reflection_pb2, open_inference):
        add(module.DESCRIPTOR)
    return pool
