"""models.config is what TensorFlow Serving's own parser reads."""

from __future__ import annotations

import pytest

from cbvsynth.errors import UsageError
from cbvsynth.sync.models_config import ModelsConfig


def config(name: str = "cbvsynth") -> ModelsConfig:
    return ModelsConfig(name, "/models/cbvsynth", (9, 7), {"stable": 7, "available-t1-t2": 9, "canary": 9})


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["cbvsynth", 'quo"te', "back\\slash", "two\nlines", "größer"])
def test_the_servers_parser_reads_what_was_meant(name: str) -> None:
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    read = text_format.Parse(config(name).to_text(), model_server_config_pb2.ModelServerConfig())
    (model,) = read.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (name, "/models/cbvsynth", "tensorflow")
    assert list(model.model_version_policy.specific.versions) == [7, 9]
    assert dict(model.version_labels) == {"stable": 7, "available-t1-t2": 9, "canary": 9}
    empty = ModelsConfig("cbvsynth", "/models/cbvsynth", (), {})
    nothing = text_format.Parse(empty.to_text(), model_server_config_pb2.ModelServerConfig())
    assert nothing.WhichOneof("config") == "model_config_list"
    assert not nothing.model_config_list.config


def test_the_same_content_gives_the_same_bytes() -> None:
    turned = ModelsConfig(
        "cbvsynth", "/models/cbvsynth", (7, 9), dict(reversed(list(config().labels.items())))
    )
    assert turned.to_text() == config().to_text()


def test_a_label_on_a_version_that_is_not_loaded_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\{'stable': 3\}.*not loaded"):
        ModelsConfig("cbvsynth", "/models/cbvsynth", (7,), {"stable": 3})


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(UsageError, match="'models/cbvsynth'; expected an absolute one"):
        ModelsConfig("cbvsynth", "models/cbvsynth", (7,), {})
