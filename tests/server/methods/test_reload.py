"""HandleReloadConfigRequest, asked of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cbvsynth.errors import RefusedError
from tests.server.store_server import Server

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def reload_request(*names: str, base: Path) -> Any:
    from tensorflow_serving.apis import model_management_pb2

    request = model_management_pb2.ReloadConfigRequest()
    for name in names:
        request.config.model_config_list.config.add(
            name=name, base_path=str(base), model_platform="tensorflow"
        )
    return request


def test_a_reload_returns_when_the_new_models_answer(base):
    from cbvsynth.server.methods.reload import reload

    server = Server(base)
    reload(server.store, reload_request("sum", base=base))
    assert server.answer() == 3


def test_a_reload_that_cannot_be_is_refused(base, tmp_path):
    from tensorflow_serving.apis import model_management_pb2

    from cbvsynth.server.methods.reload import reload

    server = Server(base)
    for request, code, text in (
        (model_management_pb2.ReloadConfigRequest(), "INVALID_ARGUMENT", "Only ModelConfigList is"),
        (reload_request("a", "a", base=base), "INVALID_ARGUMENT", "lists 'a' twice"),
        (reload_request("a", base=tmp_path / "none"), "UNKNOWN", r"1 model\(s\) did not become available: a"),
    ):
        with pytest.raises(RefusedError, match=text) as caught:
            reload(server.store, request)
        assert caught.value.code == code
