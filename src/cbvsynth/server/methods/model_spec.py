"""Which model, version and signature a request is about."""

from __future__ import annotations

from tensorflow_serving.apis import model_pb2

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
