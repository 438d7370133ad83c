"""Requests that are opened and not sent: each has a time to arrive in, whatever method it asks."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc

_AT_LEAST_S = 1.0
"""For a request that waited for a thread: its message is not read before one takes it."""


@dataclass(frozen=True)
class Patience(grpc.ServerInterceptor):  # type: ignore[misc]  # it has no types
    """Ends a call whose requests have not come `most_s` after it was opened.

    A thread waits for the message of the call that it took: a few calls without one held all of them, for
    as long as they liked. To gRPC's server a method of one request is here one of several, of which the
    first is taken: on the wire the two are the same.
    """

    most_s: float

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler | None:
        """Give a call that was opened now its time."""
        handler = continuation(handler_call_details)
        return None if handler is None else _patient(handler, time.monotonic() + self.most_s)


def _patient(handler: Any, deadline: float) -> grpc.RpcMethodHandler:  # noqa: ANN401  gRPC's, without types
    def requests(sent: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        return _in_time(sent, context, max(deadline, time.monotonic() + _AT_LEAST_S))

    def first(sent: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: ANN401  any message
        for request in requests(sent, context):
            return request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "The method requires exactly one request message.")
        raise AssertionError("abort raises")

    def one_reply(sent: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: ANN401  any message
        if handler.request_streaming:
            return handler.stream_unary(requests(sent, context), context)
        return handler.unary_unary(first(sent, context), context)

    def replies(sent: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: ANN401  of any messages
        if handler.request_streaming:
            return handler.stream_stream(requests(sent, context), context)
        return handler.unary_stream(first(sent, context), context)

    codecs = (handler.request_deserializer, handler.response_serializer)
    if handler.response_streaming:
        return grpc.stream_stream_rpc_method_handler(replies, *codecs)
    return grpc.stream_unary_rpc_method_handler(one_reply, *codecs)


def _in_time(sent: Iterator[Any], context: grpc.ServicerContext, deadline: float) -> Iterator[Any]:
    """The requests of a call, until there are no more; aborts the call at the deadline."""
    came: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()

    def read() -> None:
        # gRPC's iterator cannot be told how long to wait. It ends when the call does, so this thread does.
        try:
            came.put((next(sent),))
        except StopIteration:
            came.put(())
        except grpc.RpcError as gone:
            came.put((None, gone))

    while True:
        threading.Thread(target=read, name="grpc-request", daemon=True).start()
        try:
            found = came.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            _too_late(context)
        if not found:
            return
        if len(found) > 1:
            raise found[1]
        yield found[0]


def _too_late(context: grpc.ServicerContext) -> NoReturn:
    context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "The request was opened, and did not come in time.")
    raise AssertionError("abort raises")
