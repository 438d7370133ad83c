"""Which model, version and signature a request is about."""

from __future__ import annotations

from tensorflow_serving.apis import model_pb2

from cbvsynth.server.store import version_number
from cbvsynth.server.tensors import invalid


def model_of(request: object) -> tuple[str, int | None, str]:
    """Name, version (None: the latest) and label (empty: none) of a request's ModelSpec.

    Raises:
        RefusedError: INVALID_ARGUMENT: there is no model_spec, or no name in it.
    """
    if not request.HasField("model_spec"):  # type: ignore[attr-defined]
        raise invalid("Missing ModelSpec")
    spec: model_pb2.ModelSpec = request.model_spec  # type: ignore[attr-defined]
    if not spec.name:
        raise invalid("ModelSpec has no name specified.")
    version = int(spec.version.value) if spec.WhichOneof("version_choice") == "version" else None
    return str(spec.name), version, str(spec.version_label)


def version_of(digits: str) -> int:
    """The version that a text of digits names.

    Raises:
        RefusedError: INVALID_ARGUMENT: 64 bits do not hold it.
    """
    number = version_number(digits)
    if number is None:
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return number
