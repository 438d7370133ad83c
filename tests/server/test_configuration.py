"""The text files: models and monitoring, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from cbvsynth.errors import UsageError
from cbvsynth.server.configuration import (
    ModelSettings,
    VersionPolicy,
    models_of,
    read_metrics_path,
    read_models,
)
from cbvsynth.server.flags import ServerOptions

ENTRY = 'name: "a" base_path: "/m/a" model_platform: "tensorflow"'


def listed(*entries: str) -> dict[str, ModelSettings]:
    text = " ".join(f"config {{ {entry} }}" for entry in entries)
    return models_of(text_format.Parse(f"model_config_list {{ {text} }}", ModelServerConfig()))


def test_one_model_can_be_given_by_flags():
    options = ServerOptions(model_name="one", model_base_path="/m/one")
    assert read_models(options) == {"one": ModelSettings("one", Path("/m/one"), VersionPolicy(1))}


def test_an_entry_gives_name_folder_policy_and_labels():
    found = listed(
        ENTRY + " model_version_policy { specific { versions: 4 versions: 5 } }"
        ' version_labels { key: "stable" value: 4 }'
    )
    assert found["a"] == ModelSettings("a", Path("/m/a"), VersionPolicy(0, (4, 5)), {"stable": 4})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (VersionPolicy(1), {10}),
        (VersionPolicy(2), {10, 9}),
        (VersionPolicy(5), {10, 9, 1}),
        (VersionPolicy(0), {10, 9, 1}),
        (VersionPolicy(0, (1, 7)), {1}),
    ],
)
def test_a_policy_chooses_among_versions_on_disk(policy, expected):
    assert policy.choose(frozenset({1, 9, 10})) == expected


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ('base_path: "/m" model_platform: "tensorflow"', "expected both"),
        ('name: "a" model_platform: "tensorflow"', "expected both"),
        (r'name: "a" base_path: "/m\000" model_platform: "tensorflow"', "a base_path with a zero byte"),
        ('name: "a" base_path: "/m"', "the model_platform ''; expected 'tensorflow'"),
        ('name: "a" base_path: "/m" model_platform: "caffe"', "'caffe'"),
        (ENTRY + " model_version_policy { specific {} }", "lists no version under 'specific'"),
    ],
)
def test_an_entry_that_cannot_be_served_is_refused(entry, text):
    with pytest.raises(UsageError, match=text):
        listed(entry)


def test_a_name_may_be_listed_once():
    with pytest.raises(UsageError, match="lists 'a' twice"):
        listed(ENTRY, ENTRY)


def test_a_custom_config_is_refused():
    with pytest.raises(UsageError, match="custom_model_config"):
        models_of(text_format.Parse("custom_model_config {}", ModelServerConfig()))


@pytest.mark.parametrize("content", [b"model_config_list {", b"colour: 3", b"\xff\xfe"])
def test_a_file_that_is_no_list_of_models_is_named(tmp_path, content):
    path = tmp_path / "models.config"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"models\.config: cannot be read as ModelServerConfig"):
        read_models(ServerOptions(model_config_file=str(path)))


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics"),
        ('prometheus_config { path: "/metrics" }', ""),
        ("", ""),
    ],
)
def test_the_prometheus_page_is_where_the_file_says(tmp_path, text, page):
    (tmp_path / "monitoring.config").write_text(text)
    assert read_metrics_path(str(tmp_path / "monitoring.config")) == page


def test_without_a_file_there_is_no_prometheus_page():
    assert read_metrics_path("") == ""


def test_a_page_needs_a_path_from_the_root(tmp_path):
    (tmp_path / "m").write_text('prometheus_config { enable: true path: "metrics" }')
    with pytest.raises(UsageError, match="expected it to begin with '/'"):
        read_metrics_path(str(tmp_path / "m"))
