"""Prediction without a server: the model is taken from the registry and run in this process.

Needs MLflow and TensorFlow, which take seconds to import; the client that asks a server needs neither
and imports this module only for --local.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING

from cbvsynth.client.choice import Table
from cbvsynth.domain.sequences import Combination, ModelId, TargetUnit
from cbvsynth.errors import ModelError, RegistryError
from cbvsynth.records.selection import CANARY, STABLE, ServedVersion
from cbvsynth.records.storage import sha256_tree
from cbvsynth.registry.store import Registry, open_registry
from cbvsynth.registry.versions import (
    CHALLENGER,
    CHAMPION,
    MODEL_ARTIFACT,
    SAVED_MODEL,
    ModelVersion,
    available_alias,
    fetch_artifact,
    list_versions,
    version_of,
)
from cbvsynth.signature import Description
from cbvsynth.wire.tensors import Float32Array

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel

_ALIASES = {STABLE: CHAMPION, CANARY: CHALLENGER}


@dataclass(frozen=True)
class AliasTable:
    """The table that the registry's aliases `available-<pattern>` hold."""

    registry: Registry

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""
        return "the registry's aliases"

    def best_for(self, available: Combination) -> ServedVersion | None:
        """As `Table.best_for`."""
        version = version_of(self.registry, available_alias(available))
        return None if version is None else _served(version)


class LocalModels:
    """The versions in the registry, each copied, checked and loaded once, when first needed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._registry = open_registry(name)
        self._folder = Path(mkdtemp(prefix="cbvsynth-local-"))
        self._loaded: dict[int, ExportedModel] = {}
        self._lock = Lock()

    def table(self) -> Table:
        """The registry's aliases."""
        return AliasTable(self._registry)

    def named(self, version: int, label: str) -> ServedVersion:
        """A version by number, or by alias: stable is champion, canary is challenger.

        Raises:
            RegistryError: there is no such version.
        """
        if version:
            found = next((one for one in list_versions(self._registry) if one.version == version), None)
        else:
            found = version_of(self._registry, _ALIASES.get(label, label))
        if found is None:
            raise RegistryError(
                f"'{self.name}' at {self._registry.address} has no version {version or label}; see which "
                "there are with 'cbvsynth registry list'."
            )
        return _served(found)

    def description(self, served: ServedVersion) -> Description:
        """What a version says about itself."""
        return self._model(served).description

    def run(self, served: ServedVersion, inputs: Mapping[str, Float32Array]) -> Float32Array:
        """CBV (B, H, W, D) for inputs (B, H, W, D) by name."""
        return self._model(served)(inputs)

    def close(self) -> None:
        """Remove the copies."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _model(self, served: ServedVersion) -> ExportedModel:
        with self._lock:
            if served.version not in self._loaded:
                self._loaded[served.version] = self._load(served)
            return self._loaded[served.version]

    def _load(self, served: ServedVersion) -> ExportedModel:
        version = next(one for one in list_versions(self._registry) if one.version == served.version)
        folder = fetch_artifact(
            self._registry,
            version,
            f"{MODEL_ARTIFACT}/{SAVED_MODEL}",
            self._folder / str(served.version),
        )
        found, expected = sha256_tree(folder), json.loads(version.tags.get("saved_model_sha256", "{}"))
        if found != expected:
            changed = sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))
            raise ModelError(
                f"Version {served.version} of '{self.name}': {', '.join(changed[:5])} differs from what was "
                "promoted; it was not loaded. Promote the model again."
            )
        from cbvsynth.training.startup import quiet_tensorflow

        with quiet_tensorflow():
            from cbvsynth.training.saved_model import load_exported

            return load_exported(folder)


def _served(version: ModelVersion) -> ServedVersion:
    return ServedVersion(
        version=version.version,
        model=ModelId.parse(version.model),
        target_unit=TargetUnit(version.tags.get("target_unit", "")),
        digest=version.digest,
    )
