"""Prediction without a server: the model is taken from the registry and run in this process.

Needs MLflow and TensorFlow, which take seconds to import; the client that asks a server needs neither
and imports this module only for --local.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING

from cbvsynth.client.choice import Table
from cbvsynth.domain.sequences import Combination
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import ServedVersion
from cbvsynth.registry.served import as_served, fetch_unchanged_model, named_version
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import (
    AVAILABLE_PREFIX,
    ModelVersion,
    aliases_of,
    available_alias,
    list_versions,
)
from cbvsynth.signature import Description
from cbvsynth.wire.tensors import Float32Array

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel


@dataclass(frozen=True)
class AliasTable:
    """The table that the registry's aliases `available-<pattern>` hold.

    best: alias -> version, without those that are no model of this project.
    """

    best: Mapping[str, ServedVersion]

    @property
    def basis(self) -> str:
        """What the ranking rests on, in words."""
        return "the registry's aliases"

    def best_for(self, available: Combination) -> ServedVersion | None:
        """As `Table.best_for`."""
        return self.best.get(available_alias(available))


class LocalModels:
    """The versions in the registry, each copied, checked and loaded once, when first needed."""

    def __init__(self, name: str) -> None:
        # Looked for now: when they are imported, something may have been written already.
        for package in ("mlflow", "tensorflow"):
            if find_spec(package) is None:
                raise ModuleNotFoundError(f"No module named '{package}'", name=package)
        self.name = name
        self._registry = open_registry(name)
        self._folder = Path(mkdtemp(prefix="cbvsynth-local-"))
        self._loaded: dict[int, ExportedModel] = {}
        self._warned: set[int] = set()
        self._lock = Lock()

    def table(self) -> Table:
        """The registry's aliases; one that points at a version that cannot serve is named and left out."""
        versions = self._versions()
        best = {}
        for alias, number in aliases_of(self._registry).items():
            if alias.startswith(AVAILABLE_PREFIX):
                try:
                    best[alias] = self._served(versions, number)
                except RegistryError as error:
                    self._warn(number, f"{error} It is left out.")
        return AliasTable(best)

    def named(self, version: int, label: str) -> ServedVersion:
        """A version by number, or by label; labels mean what sync makes of them behind a server.

        Raises:
            RegistryError: there is no such version or label, or the version is no model of this project.
        """
        return as_served(named_version(self._registry, version, label))

    def description(self, served: ServedVersion) -> Description:
        """What a version says about itself."""
        return self._model(served).description

    def run(self, served: ServedVersion, inputs: Mapping[str, Float32Array]) -> Float32Array:
        """CBV (B, H, W, D) for inputs (B, H, W, D) by name."""
        return self._model(served)(inputs)

    def outputs(
        self, served: ServedVersion, inputs: Mapping[str, Float32Array], names: Sequence[str]
    ) -> Mapping[str, Float32Array]:
        """Several outputs by name, for inputs as of `run`."""
        found = self._model(served).outputs(inputs)
        return {name: found[name] for name in names}

    def close(self) -> None:
        """Remove the copies."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _model(self, served: ServedVersion) -> ExportedModel:
        with self._lock:
            if served.version not in self._loaded:
                self._loaded[served.version] = self._load(served)
            return self._loaded[served.version]

    def _versions(self) -> dict[int, ModelVersion]:
        return {version.version: version for version in list_versions(self._registry)}

    def _served(self, versions: Mapping[int, ModelVersion], number: int) -> ServedVersion:
        if number not in versions:
            raise RegistryError(
                f"'{self.name}' at {self._registry.address} has no version {number}, or not any more; see "
                "which there are with 'cbvsynth registry list'."
            )
        return as_served(versions[number])

    def _warn(self, number: int, sentence: str) -> None:
        """Once for each version, however many examinations are asked for."""
        with self._lock:
            if number not in self._warned:
                print(f"warning: {sentence}", file=sys.stderr)
                self._warned.add(number)

    def _load(self, served: ServedVersion) -> ExportedModel:
        folder = fetch_unchanged_model(
            self._registry, self._versions()[served.version], self._folder / str(served.version)
        )
        from cbvsynth.training.startup import quiet_tensorflow

        with quiet_tensorflow():
            from cbvsynth.training.saved_model import load_exported

            return load_exported(folder)
