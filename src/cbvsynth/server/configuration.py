"""The text files: which models are served, and monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from cbvsynth.errors import UsageError
from cbvsynth.server.configuration_messages import MonitoringConfig
from cbvsynth.server.flags import ServerOptions

METRICS_PATH = "/monitoring/prometheus/metrics"

_PLATFORM = "tensorflow"


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions on disk are served.

    latest: how many of the newest; 0 if another rule holds.
    specific: these; empty if another rule holds. With neither, all of them.
    """

    latest: int = 1
    specific: tuple[int, ...] = ()

    def choose(self, on_disk: frozenset[int]) -> frozenset[int]:
        """The versions to serve among those on disk."""
        if self.specific:
            return on_disk & frozenset(self.specific)
        newest = sorted(on_disk, reverse=True)
        return frozenset(newest[: self.latest] if self.latest else newest)


@dataclass(frozen=True)
class ModelSettings:
    """One entry of the list of models."""

    name: str
    base_path: Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)


def read_models(options: ServerOptions) -> dict[str, ModelSettings]:
    """The models that the command line or its file lists, by name.

    Raises:
        UsageError: the file is not a ModelServerConfig, or an entry cannot be served.
    """
    if not options.model_config_file:
        name = options.model_name
        return {name: ModelSettings(name, Path(options.model_base_path))}
    return models_of(parse_text(Path(options.model_config_file), ModelServerConfig()))


def models_of(config: ModelServerConfig) -> dict[str, ModelSettings]:
    """The models of a ModelServerConfig, by name.

    Raises:
        UsageError: it is not a list of models, or an entry cannot be served.
    """
    if config.WhichOneof("config") not in ("model_config_list", None):
        raise UsageError("The models' file holds a custom_model_config; expected a model_config_list.")
    models: dict[str, ModelSettings] = {}
    for entry in config.model_config_list.config:
        settings = _settings(entry)
        if settings.name in models:
            raise UsageError(f"The models' file lists '{settings.name}' twice; expected every name once.")
        models[settings.name] = settings
    return models


def _settings(entry: ModelConfig) -> ModelSettings:
    if not entry.name or not entry.base_path:
        raise UsageError(
            f"The models' file has an entry with name '{entry.name}' and base_path '{entry.base_path}'; "
            "expected both."
        )
    if "\0" in entry.base_path:
        raise UsageError(
            f"The models' file gives '{entry.name}' a base_path with a zero byte; expected a folder's path."
        )
    if entry.model_platform != _PLATFORM:
        raise UsageError(
            f"The models' file gives '{entry.name}' the model_platform '{entry.model_platform}'; expected "
            f"'{_PLATFORM}'."
        )
    labels = {str(label): int(version) for label, version in entry.version_labels.items()}
    policy = _policy(entry.name, entry.model_version_policy)
    return ModelSettings(str(entry.name), Path(entry.base_path), policy, labels)


def _policy(name: str, policy: Any) -> VersionPolicy:  # noqa: ANN401  a generated class
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return VersionPolicy(latest=0)
    if choice == "specific":
        versions = tuple(int(version) for version in policy.specific.versions)
        if not versions:
            raise UsageError(
                f"The models' file lists no version under 'specific' of '{name}'; expected one or more."
            )
        return VersionPolicy(latest=0, specific=versions)
    return VersionPolicy(latest=int(policy.latest.num_versions) or 1)


def parse_text(path: Path, message: Any) -> Any:  # noqa: ANN401  any protobuf class
    """Fill a message from its text form.

    Raises:
        UsageError: the file cannot be read as this message.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), message)
    except (text_format.ParseError, UnicodeDecodeError, OSError) as error:
        raise UsageError(
            f"{path}: cannot be read as {type(message).__name__} in protobuf's text form ({error}). "
            "Mend the file."
        ) from error


def read_metrics_path(path: str) -> str:
    """The path of the Prometheus page; empty if there is none.

    Raises:
        UsageError: the file is not a MonitoringConfig, or its path does not begin with '/'.
    """
    if not path:
        return ""
    config = parse_text(Path(path), MonitoringConfig()).prometheus_config
    page = str(config.path or METRICS_PATH)
    if not page.startswith("/"):
        raise UsageError(f"{Path(path).name}: the page's path is '{page}'; expected it to begin with '/'.")
    return page if config.enable else ""
