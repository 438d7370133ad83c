"""Versions and aliases of the registered model: what is there, and how to ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cbvsynth.domain.sequences import Combination
from cbvsynth.errors import RegistryError
from cbvsynth.records.selection import PATTERN_LABEL_PREFIX
from cbvsynth.registry.store import Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

CHAMPION = "champion"
CHALLENGER = "challenger"
AVAILABLE_PREFIX = PATTERN_LABEL_PREFIX
"""Alias of the best model for a set of available sequences, as in available-t1-t2."""
EXTERNAL_TAG = "external."
"""Begins the tag of a version that tells how it did on a site: external.<site>."""
MODEL_ARTIFACT = "model"
SAVED_MODEL = "tf2model"
"""Folder of the SavedModel inside the model artefact, as MLflow's TensorFlow flavour names it."""
SCORES_ARTIFACT = "evaluation/per_exam.csv"
VERDICT_ARTIFACT = "evaluation/verdict.json"
CARD = "model_card.md"
"""The model card, an artefact of the version's run."""


@dataclass(frozen=True)
class ModelVersion:
    """One version of the registered model; `aliases` point at it, `tags` say what it is."""

    version: int
    run_id: str
    source: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]

    @property
    def model(self) -> str:
        """Slug of the model, as in encdec-t1-t1c-adc."""
        return self.tags.get("model", "")

    @property
    def digest(self) -> str:
        """Digest of its SavedModel."""
        return self.tags.get("saved_model_digest", "")

    @property
    def external(self) -> Mapping[str, str]:
        """How it did on other sites, by site, in words; what 'cbvsynth score' entered."""
        return {
            tag.removeprefix(EXTERNAL_TAG): told
            for tag, told in sorted(self.tags.items())
            if tag.startswith(EXTERNAL_TAG)
        }

    @property
    def replaces(self) -> int:
        """Version that was champion before this one; 0 where there was none."""
        number = self.tags.get("replaces", "")
        return int(number) if number.isdecimal() else 0

    @property
    def alias_snapshot(self) -> Mapping[str, int]:
        """All aliases as they were when this version became champion; empty where it never did."""
        try:
            stored = json.loads(self.tags.get("aliases", "{}"))
            snapshot = {str(alias): int(version) for alias, version in stored.items()}
        except (ValueError, TypeError, AttributeError):
            return {}
        return snapshot if snapshot.get(CHAMPION) == self.version else {}


def available_alias(pattern: Combination | str) -> str:
    """Alias of the best model for a set of available sequences."""
    return f"{AVAILABLE_PREFIX}{pattern}"


def aliases_of(registry: Registry) -> dict[str, int]:
    """Every alias of the registered model and the version it points at; empty before the first promotion."""
    from mlflow.exceptions import MlflowException

    if not registry.exists:
        return {}
    try:
        model = registry.client.get_registered_model(registry.registered_name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise RegistryError(
            f"The registry at {registry.address} refused '{registry.registered_name}' ({error})."
        ) from error
    return {alias: int(version) for alias, version in sorted(model.aliases.items())}


def list_versions(registry: Registry) -> tuple[ModelVersion, ...]:
    """All versions, oldest first; empty before the first promotion."""
    aliases = aliases_of(registry)
    if not registry.exists:
        return ()
    found: list[MlflowVersion] = []
    token = None
    while True:
        page = registry.client.search_model_versions(f"name='{registry.registered_name}'", page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            break
    return tuple(sorted((_version(entry, aliases) for entry in found), key=lambda entry: entry.version))


def version_of(registry: Registry, alias: str) -> ModelVersion | None:
    """The version that an alias points at, or None.

    Raises:
        RegistryError: it points at a version that was deleted.
    """
    from mlflow.exceptions import MlflowException

    aliases = aliases_of(registry)
    if alias not in aliases:
        return None
    try:
        entry = registry.client.get_model_version(registry.registered_name, str(aliases[alias]))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise RegistryError(
            f"The alias '{alias}' of '{registry.registered_name}' points at version {aliases[alias]}, which "
            "was deleted; expected one of 'cbvsynth registry list'. For another champion run 'cbvsynth "
            "registry rollback --to'; a canary goes with 'cbvsynth registry canary --clear'."
        ) from error
    return _version(entry, aliases)


def version_of_bytes(registry: Registry, digest: str, data_fingerprint: str) -> int:
    """The lowest version of a SavedModel's very bytes, trained on the very data; 0 where there is none."""
    found = registry.client.search_model_versions(
        f"name='{registry.registered_name}' and tags.saved_model_digest='{digest}' "
        f"and tags.data_fingerprint='{data_fingerprint}'"
    )
    return min((int(one.version) for one in found), default=0)


def fetch_artifact(registry: Registry, version: ModelVersion, path: str, target: Path) -> Path:
    """Copy one artefact of a version's run below `target` and return where it lies.

    Raises:
        RegistryError: the artefact is not there; or what stores it was not reached.
    """
    from mlflow.exceptions import MlflowException

    target.mkdir(parents=True, exist_ok=True)
    try:
        return Path(registry.client.download_artifacts(version.run_id, path, str(target)))
    except (MlflowException, OSError) as error:
        called = f"version {version.version} of '{registry.registered_name}'"
        if _is_missing(registry, version.run_id, path):
            raise RegistryError(
                f"{called.capitalize()} has no artefact '{path}' at {registry.address}; expected what "
                "promotion stored. Promote again: run promote."
            ) from error
        raise RegistryError(
            f"The artefact '{path}' of {called} was not reached through {registry.address} "
            f"({registry.readable(error)}); it may well be there. Check that the registry reaches its "
            "artefact store and that this machine reaches the registry, then start again."
        ) from error


def _is_missing(registry: Registry, run_id: str, path: str) -> bool:
    """Whether the registry says that a run or its artefact is not there; False where it says nothing."""
    from mlflow.exceptions import MlflowException

    folder = str(PurePosixPath(path).parent)
    try:
        stored = registry.client.list_artifacts(run_id, None if folder == "." else folder)
    except MlflowException as error:
        return bool(error.error_code == "RESOURCE_DOES_NOT_EXIST")
    except OSError:
        return False
    return path not in {entry.path for entry in stored}


def _version(entry: MlflowVersion, aliases: Mapping[str, int]) -> ModelVersion:
    number = int(entry.version)
    return ModelVersion(
        version=number,
        run_id=str(entry.run_id),
        source=str(entry.source),
        tags=dict(entry.tags),
        aliases=tuple(alias for alias, version in aliases.items() if version == number),
    )
