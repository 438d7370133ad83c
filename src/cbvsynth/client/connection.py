"""The connection to a prediction server: gRPC calls with deadline, retries and errors in words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from cbvsynth.client.defaults import DEFAULT_ATTEMPTS, DEFAULT_SERVER, DEFAULT_TIMEOUT_S
from cbvsynth.errors import RefusedError, ReplyError, ServingError, UnreachableError, UsageError
from cbvsynth.signature import DESCRIBE_SIGNATURE, DESCRIPTION, OUTPUT, PREDICT_SIGNATURE, Description
from cbvsynth.wire.schema import (
    GET_MODEL_STATUS,
    PREDICT,
    STATE_AVAILABLE,
    GetModelStatusRequest,
    GetModelStatusResponse,
    Message,
    ModelSpec,
    PredictRequest,
    PredictResponse,
)
from cbvsynth.wire.tensors import Float32Array, array_of, fill_tensor, text_of

FIRST_PAUSE_S = 0.2
"""Pause before the second attempt; it doubles with each further one: 3 s in all by default."""
_MOST_SERVER_TEXT = 500
_MOST_REQUEST_BYTES = 2**31 - 2**20
"""Protobuf's limit of 2 GiB for a message, less a margin for everything that is not voxels."""

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


@dataclass(frozen=True)
class ModelReference:
    """A registered model on a server, by version, by label, or (with neither) its newest version."""

    name: str
    version: int = 0
    label: str = ""

    def __str__(self) -> str:
        if self.version:
            return f"{self.name}, version {self.version}"
        return f"{self.name}, label '{self.label}'" if self.label else self.name

    def to_message(self, signature: str = "") -> Message:
        """The same as a message of the protocol."""
        spec = ModelSpec(name=self.name, signature_name=signature)
        if self.version:
            spec.version.value = self.version
        elif self.label:
            spec.version_label = self.label
        return spec


@dataclass(frozen=True)
class VersionState:
    """Whether a version answers requests, and the server's reason if it could not be loaded."""

    is_live: bool
    error: str


class Connection:
    """Calls to one server. May be used by many threads at the same time."""

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        root_certificates: Path | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        attempts: int = DEFAULT_ATTEMPTS,
    ) -> None:
        """Prepare a connection; it is opened by the first call.

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
        self._predict = self._method(PREDICT, PredictResponse)
        self._status = self._method(GET_MODEL_STATUS, GetModelStatusResponse)

    def predict(
        self, model: ModelReference, inputs: Mapping[str, npt.NDArray[np.generic]]
    ) -> tuple[Float32Array, int]:
        """Ask for a map.

        Args:
            model: which version to ask.
            inputs: by name, (B, H, W, D), as `cbvsynth.signature` defines them.

        Returns:
            CBV, (B, H, W, D) float32 in the model's target unit, and the version that answered.

        Raises:
            ServingError: no answer, a refusal, or an answer that cannot be read.
            UsageError: the images are larger than a message can be.
        """
        size = sum(4 * array.size for array in inputs.values())
        if size > _MOST_REQUEST_BYTES:
            raise UsageError(
                f"The images have {size / 1e9:.1f} GB together; expected at most 2 GB, which is all that a "
                "request can carry. Crop the images to the head, or resample them."
            )
        request = PredictRequest(model_spec=model.to_message(PREDICT_SIGNATURE), output_filter=[OUTPUT])
        for name, array in inputs.items():
            fill_tensor(request.inputs[name], array)
        reply = self._call(self._predict, request, str(model))
        return array_of(_output(reply, OUTPUT), OUTPUT), _version(reply, model)

    def describe(self, model: ModelReference) -> tuple[Description, int]:
        """What a version says about itself, and its number.

        Raises:
            ServingError: no answer, a refusal, or an answer that cannot be read.
            ModelError: the text is not a description.
        """
        request = PredictRequest(model_spec=model.to_message(DESCRIBE_SIGNATURE))
        reply = self._call(self._predict, request, str(model))
        text = text_of(_output(reply, DESCRIPTION), DESCRIPTION)
        return Description.from_json(text), _version(reply, model)

    def live_versions(self, name: str) -> tuple[int, ...]:
        """Versions of a model that answer requests now, ascending.

        Raises:
            ServingError: no answer or a refusal.
        """
        return tuple(number for number, state in self.version_states(name).items() if state.is_live)

    def version_states(self, name: str) -> dict[int, VersionState]:
        """What the server reports for every version of a model that it knows, ascending.

        Raises:
            ServingError: no answer or a refusal.
        """
        request = GetModelStatusRequest(model_spec=ModelReference(name).to_message())
        reply = self._call(self._status, request, name)
        states = {
            int(one.version): VersionState(
                one.state == STATE_AVAILABLE, str(one.status.error_message) if one.status.error_code else ""
            )
            for one in reply.model_version_status
        }
        return dict(sorted(states.items()))

    def close(self) -> None:
        """End the connection."""
        self._channel.close()

    def _method(self, path: str, reply: Any) -> Callable[..., Message]:  # noqa: ANN401  a class
        method: Callable[..., Message] = self._channel.unary_unary(
            path, request_serializer=None, response_deserializer=reply.FromString
        )
        return method

    def _call(self, method: Callable[..., Message], request: Message, subject: str) -> Message:
        """Call once, and again while the server is unavailable and there is time."""
        payload = request.SerializeToString(deterministic=True)
        begin = time.monotonic()
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self._attempts + 1):
            left_s = self._timeout_s - (time.monotonic() - begin)
            try:
                return method(payload, timeout=left_s)
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
            f"The root certificates '{path.name}' cannot be read ({error.strerror}); expected a PEM file."
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise UsageError(
            f"The root certificates '{path.name}' hold no certificate; expected PEM text, with "
            "-----BEGIN CERTIFICATE-----."
        )
    return content


def _output(reply: Message, name: str) -> Message:
    if name not in reply.outputs:
        raise ReplyError(
            f"The server answered with {', '.join(sorted(reply.outputs)) or 'nothing'}; expected '{name}'. "
            "Is it a model of this project?"
        )
    return reply.outputs[name]


def _version(reply: Message, model: ModelReference) -> int:
    """The version that answered, which must be the one asked for by number."""
    found = int(reply.model_spec.version.value)
    if found < 1 or found != (model.version or found):
        raise ReplyError(
            f"The server answered {model} as version {found or '(not stated)'}; expected the one that was "
            "asked for. Is it a TensorFlow Serving?"
        )
    return found
