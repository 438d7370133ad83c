"""Calls that are opened and never sent, over a real socket: each ends in time, and the others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from cbvsynth.server.faces.patience import Patience

SERVICE = "test.Echo"


def _slowly(request: bytes, context: grpc.ServicerContext) -> bytes:
    time.sleep(0.4)
    return request


HANDLERS = {
    "one": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
    "slow": grpc.unary_unary_rpc_method_handler(_slowly),
    "twice": grpc.unary_stream_rpc_method_handler(lambda request, context: iter([request, request])),
    "joined": grpc.stream_unary_rpc_method_handler(lambda requests, context: b"".join(requests)),
    "each": grpc.stream_stream_rpc_method_handler(lambda requests, context: iter(requests)),
}


@contextmanager
def serving(threads: int, most_s: float) -> Iterator[grpc.Channel]:
    server = grpc.server(ThreadPoolExecutor(threads), interceptors=[Patience(most_s)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, HANDLERS),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    server.stop(0).wait()


def never(*sent: bytes) -> Iterator[bytes]:
    """Some messages, and then nothing, without an end."""
    yield from sent
    threading.Event().wait(20)


def code_of(call: grpc.Future) -> str:
    return str(call.exception(timeout=10).code().name)


@pytest.mark.parametrize("method", sorted(HANDLERS))
def test_a_call_that_is_opened_and_never_sent_ends_in_time(method: str) -> None:
    """It held its thread for as long as it liked."""
    with serving(threads=1, most_s=0.3) as channel:
        began = time.monotonic()
        stalled = channel.stream_unary(f"/{SERVICE}/{method}").future(never())
        assert code_of(stalled) == "DEADLINE_EXCEEDED"
        assert 0.3 <= time.monotonic() - began < 5


def test_many_of_them_on_every_thread_keep_nobody_out_for_long() -> None:
    """As many calls as there are threads stopped the server for good."""
    with serving(threads=2, most_s=0.3) as channel:
        stalled = [channel.stream_unary(f"/{SERVICE}/one").future(never()) for _ in range(6)]
        assert channel.unary_unary(f"/{SERVICE}/one")(b"honest", timeout=10) == b"honest"
        assert {code_of(call) for call in stalled} == {"DEADLINE_EXCEEDED"}


def test_a_stream_that_falls_silent_ends_too() -> None:
    with serving(threads=1, most_s=0.3) as channel:
        replies = channel.stream_stream(f"/{SERVICE}/each")(never(b"a", b"b"), timeout=10)
        assert [next(replies), next(replies)] == [b"a", b"b"]
        with pytest.raises(grpc.RpcError) as caught:
            next(replies)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_what_is_sent_is_answered_in_all_four_forms() -> None:
    with serving(threads=1, most_s=5) as channel:
        assert channel.unary_unary(f"/{SERVICE}/one")(b"a") == b"a"
        assert list(channel.unary_stream(f"/{SERVICE}/twice")(b"a")) == [b"a", b"a"]
        assert channel.stream_unary(f"/{SERVICE}/joined")(iter([b"a", b"b"])) == b"ab"
        assert list(channel.stream_stream(f"/{SERVICE}/each")(iter([b"a", b"b"]))) == [b"a", b"b"]
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(f"/{SERVICE}/none")(b"a")
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_call_that_waited_for_a_thread_is_not_blamed_for_it() -> None:
    with serving(threads=1, most_s=0.2) as channel:
        slow = channel.unary_unary(f"/{SERVICE}/slow")
        calls = [slow.future(b"a", timeout=10) for _ in range(3)]
        assert [call.result() for call in calls] == [b"a"] * 3


def test_a_call_that_ends_without_a_message_is_refused() -> None:
    with serving(threads=1, most_s=5) as channel, pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(f"/{SERVICE}/one")(iter([]), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "The method requires exactly one request message."


def test_a_caller_that_leaves_while_it_is_waited_for_frees_its_thread() -> None:
    with serving(threads=1, most_s=60) as channel:
        left = channel.stream_unary(f"/{SERVICE}/one").future(never())
        time.sleep(0.2)
        left.cancel()
        assert channel.unary_unary(f"/{SERVICE}/one")(b"honest", timeout=10) == b"honest"
