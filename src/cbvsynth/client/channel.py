"""A channel to one prediction server: gRPC calls with deadline, retries, traces, and errors in words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from cbvsynth.client.defaults import DEFAULT_ATTEMPTS, DEFAULT_SERVER, DEFAULT_TIMEOUT_S
from cbvsynth.errors import RefusedError, ServingError, UnreachableError, UsageError
from cbvsynth.wire.schema import Message
from cbvsynth.wire.tracing import client_span

FIRST_PAUSE_S = 0.2
"""Pause before the second attempt; it doubles with each further one: 3 s in all by default."""
_MOST_SERVER_TEXT = 500

_OPTIONS = (
    # A volume is larger than gRPC's 4 MB.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Every replica behind a name gets its share; the default stays with the first.
    ("grpc.lb_policy_name", "round_robin"),
    # gRPC's own retries give up on messages over 256 KB; ours are below.
    ("grpc.enable_retries", 0),
    # Patients' images go to the server that was named and through nothing else.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)

_ADVICE = {
    grpc.StatusCode.NOT_FOUND: "Check --model and --version, or sync the registry to the server.",
    grpc.StatusCode.INVALID_ARGUMENT: "Correct what it names, or ask for another version.",
    grpc.StatusCode.FAILED_PRECONDITION: (
        "Expected a loaded model of this project; wait until the server has loaded it, or ask for another."
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        "The server is overloaded or limits the size of messages; try again later, or raise its limits."
    ),
    grpc.StatusCode.PERMISSION_DENIED: "Ask the server's operator for access.",
    grpc.StatusCode.UNAUTHENTICATED: "Ask the server's operator for access.",
    grpc.StatusCode.UNIMPLEMENTED: "There is something else than a prediction server; check --server.",
}
_OTHER_ADVICE = "Look at the server's log, then try again."


class Channel:
    """Calls to one server. May be used by many threads at the same time."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        root_certificates: Path | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        attempts: int = DEFAULT_ATTEMPTS,
    ) -> None:
        """Prepare a channel; it is opened by the first call.

        Args:
            server: host:port, or a gRPC target such as dns:///name:port.
            root_certificates: PEM file to verify the server with; TLS is used when it is given.
            timeout_s: time for a call with all its attempts.
            attempts: how often a call is made while the server is unavailable.

        Raises:
            UsageError: the address, the time or the number cannot be, or the PEM file cannot be read.
        """
        if timeout_s <= 0 or attempts < 1:
            raise UsageError(
                f"timeout_s is {timeout_s:g} and attempts is {attempts}; expected above 0 s and 1 or more."
            )
        self.server = server
        self._timeout_s = timeout_s
        self._attempts = attempts
        target = _target(server)
        if root_certificates is None:
            self._channel = grpc.insecure_channel(target, _OPTIONS)
        else:
            credentials = grpc.ssl_channel_credentials(_read_certificates(root_certificates))
            self._channel = grpc.secure_channel(target, credentials, _OPTIONS)

    def call(self, path: str, request: Message, reply: Any, subject: str) -> Message:  # noqa: ANN401  a class
        """Call a method, and again while the server is unavailable and there is time.

        Args:
            path: of the method.
            request: its message.
            reply: class of what comes back.
            subject: what is asked for, for messages.

        Raises:
            ServingError: no answer, or a refusal.
        """
        method: Callable[..., Message] = self._channel.unary_unary(
            path, request_serializer=None, response_deserializer=reply.FromString
        )
        payload = request.SerializeToString(deterministic=True)
        with client_span(path.removeprefix("/")) as (span, headers):
            span.note(subject=subject, request_bytes=len(payload))
            try:
                return self._attempts_of(method, payload, headers, subject)
            except ServingError as error:
                span.fail(error.code)
                raise

    def close(self) -> None:
        """End the channel."""
        self._channel.close()

    def _attempts_of(
        self,
        method: Callable[..., Message],
        payload: bytes,
        headers: list[tuple[str, str]],
        subject: str,
    ) -> Message:
        begin = time.monotonic()
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self._attempts + 1):
            left_s = self._timeout_s - (time.monotonic() - begin)
            try:
                return method(payload, timeout=left_s, metadata=headers)
            except grpc.RpcError as error:
                left_s = self._timeout_s - (time.monotonic() - begin)
                again = error.code() is grpc.StatusCode.UNAVAILABLE
                if not again or attempt == self._attempts or left_s <= pause_s:
                    raise self._error(error, subject, attempt) from error
            time.sleep(pause_s)
            pause_s *= 2
        raise AssertionError("every attempt returns or raises")

    def _error(self, error: grpc.RpcError, subject: str, attempts: int) -> ServingError:
        code: grpc.StatusCode = error.code()
        text = str(error.details() or "")[:_MOST_SERVER_TEXT]
        facts = {"code": code.name, "server_text": text}
        if code is grpc.StatusCode.UNAVAILABLE:
            return UnreachableError(
                f"No answer from {self.server} in {attempts} attempts ({text}). Expected a prediction server "
                "there; check --server, and that it has loaded its models: it opens its port only then.",
                **facts,
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return UnreachableError(
                f"{self.server} did not answer within {self._timeout_s:g} s. Give more with --timeout_s, or "
                "look whether the server is overloaded.",
                **facts,
            )
        advice = _ADVICE.get(code, _OTHER_ADVICE)
        return RefusedError(f"{self.server} refused {subject}: {text} ({code.name}). {advice}", **facts)


def _target(server: str) -> str:
    """The gRPC target of an address; names are looked up again when replicas come and go."""
    if re.match(r"(dns|ipv4|ipv6|unix|xds):", server):
        return server
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or "/" in server:
        raise UsageError(
            f"The server is '{server}'; expected host:port, as in {DEFAULT_SERVER}, without http://."
        )
    return f"dns:///{server}"


def _read_certificates(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The root certificates '{path}' cannot be read ({error.strerror}); expected a PEM file."
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UsageError(
            f"The root certificates '{path}' hold no certificate; expected PEM text, with "
            "-----BEGIN CERTIFICATE-----."
        )
    return content
