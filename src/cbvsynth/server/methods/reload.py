"""HandleReloadConfigRequest: another list of models, from now on."""

from __future__ import annotations

from tensorflow_serving.apis import model_management_pb2

from cbvsynth.errors import RefusedError, UsageError
from cbvsynth.server.configuration import models_of
from cbvsynth.server.store import ModelStore
from cbvsynth.server.tensors import invalid


def reload(
    store: ModelStore, request: model_management_pb2.ReloadConfigRequest
) -> model_management_pb2.ReloadConfigResponse:
    """Serve the models of a request from now on; returns when the new ones are loaded.

    Raises:
        RefusedError: INVALID_ARGUMENT: the list cannot be served; FAILED_PRECONDITION: a label names a
            version that is not available; UNKNOWN: a new model did not become available.
    """
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is "
            "currently supported"
        )
    try:
        wanted = models_of(request.config)
    except UsageError as error:
        raise invalid(str(error)) from error
    store.configure(wanted)
    store.reconcile()
    missing = sorted(name for name in wanted if not store.available(name))
    if missing:
        raise RefusedError(
            f"{len(missing)} model(s) did not become available: {', '.join(missing)}. Ask for their status.",
            code="UNKNOWN",
        )
    return model_management_pb2.ReloadConfigResponse()
