"""grpc.health.v1 over a real socket, asked through the protocol's own stubs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import grpc
import pytest
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from cbvsynth.server.faces.health import Health

SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
MOST_WATCHERS = 4
GRACE_S = 30


class Served(NamedTuple):
    health: Health
    server: grpc.Server
    stub: Any
    address: str


@pytest.fixture
def served() -> Iterator[Served]:
    """The health service alone, on a free port."""
    health = Health(MOST_WATCHERS)
    server = grpc.server(ThreadPoolExecutor(8))
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with grpc.insecure_channel(address) as channel:
        yield Served(health, server, health_pb2_grpc.HealthStub(channel), address)
    health.end()
    server.stop(0)


def check(stub: Any, service: str = "") -> int:
    return int(stub.Check(HealthCheckRequest(service=service), timeout=20).status)


@pytest.mark.parametrize(
    "service",
    [
        *("", "grpc.health.v1.Health"),
        *("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"),
    ],
)
def test_the_server_and_its_services_are_serving_from_the_start(served, service):
    assert check(served.stub, service) == SERVING


@pytest.mark.parametrize("service", ["PredictionService", "ModelService"])
def test_a_probe_by_the_production_servers_names_is_answered(served, service):
    """A probe that production answers got NOT_FOUND: the full names alone were known."""
    assert check(served.stub, service) == SERVING


def test_other_services_are_not_known(served):
    with pytest.raises(grpc.RpcError) as caught:
        check(served.stub, "zz")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watched = served.stub.Watch(HealthCheckRequest(service="zz"), timeout=20)
    assert next(watched).status == HealthCheckResponse.SERVICE_UNKNOWN
    watched.cancel()


def test_at_the_end_it_says_not_serving_and_ends_what_is_watched(served):
    watched = served.stub.Watch(HealthCheckRequest(), timeout=GRACE_S)
    assert next(watched).status == SERVING
    served.health.end()
    assert check(served.stub) == NOT_SERVING
    assert [reply.status for reply in watched] == [NOT_SERVING]
    assert watched.code() is grpc.StatusCode.OK


def test_a_server_that_is_watched_stops_at_once(served):
    watched = [served.stub.Watch(HealthCheckRequest(), timeout=GRACE_S) for _ in range(3)]
    assert [next(one).status for one in watched] == [SERVING] * 3
    begin = time.monotonic()
    served.health.end()
    served.server.stop(GRACE_S).wait()
    assert time.monotonic() - begin < GRACE_S / 3


def test_watchers_that_leave_when_it_says_not_serving_do_not_hang_it(served):
    """grpcio-health-checking's mode without threads hangs here: end and leaver wait for each other."""
    with ExitStack() as stack:
        watched = []
        for _ in range(MOST_WATCHERS):
            # A connection each, so that one that leaves does not wait for the others.
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = stack.enter_context(grpc.insecure_channel(served.address, options))
            watched.append(health_pb2_grpc.HealthStub(channel).Watch(HealthCheckRequest(), timeout=GRACE_S))
        for one in watched:
            next(one)

        def leave(one: Any) -> None:
            next(one)
            one.cancel()

        leaving = [threading.Thread(target=leave, args=(one,)) for one in watched]
        ending = threading.Thread(target=served.health.end, daemon=True)
        for thread in (*leaving, ending):
            thread.start()
        ending.join(GRACE_S / 3)
        assert not ending.is_alive()
        for thread in leaving:
            thread.join()
    assert check(served.stub) == NOT_SERVING


def test_one_watcher_too_many_is_refused_and_one_that_left_makes_room(served):
    watched = [served.stub.Watch(HealthCheckRequest(), timeout=GRACE_S) for _ in range(MOST_WATCHERS)]
    assert [next(one).status for one in watched] == [SERVING] * MOST_WATCHERS
    with pytest.raises(grpc.RpcError) as caught:
        next(served.stub.Watch(HealthCheckRequest(), timeout=20))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.value.details() == "too many watch; ask with Check"
    assert check(served.stub) == SERVING
    watched[0].cancel()
    deadline = time.monotonic() + 20
    while True:
        try:
            assert next(served.stub.Watch(HealthCheckRequest(), timeout=20)).status == SERVING
            break
        except grpc.RpcError:
            assert time.monotonic() < deadline, "nobody else may watch though one has left"
            time.sleep(0.05)


@pytest.mark.tensorflow
@pytest.mark.slow
def test_with_the_flag_the_server_answers_and_half_of_its_threads_may_watch(running):
    stub = health_pb2_grpc.HealthStub(running.channel)
    assert check(stub) == SERVING
    watched = [stub.Watch(HealthCheckRequest(), timeout=60) for _ in range(4)]
    try:
        assert [next(one).status for one in watched] == [SERVING] * 4
        with pytest.raises(grpc.RpcError) as caught:
            next(stub.Watch(HealthCheckRequest(), timeout=60))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    finally:
        for one in watched:
            one.cancel()
