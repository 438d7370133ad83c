"""What is to be served: the registry's aliases and versions, and each version's SavedModel."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.domain.sequences import ModelId, TargetUnit
from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import ModelError, RegistryError, ResultError, UsageError
from cbvsynth.records.selection import CANARY, PREVIOUS, STABLE, ServedVersion
from cbvsynth.records.storage import sha256_tree
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import (
    AVAILABLE_PREFIX,
    CHAMPION,
    MODEL_ARTIFACT,
    SAVED_MODEL,
    VERDICT_ARTIFACT,
    ModelVersion,
    aliases_of,
    fetch_artifact,
    list_versions,
)

DEFAULT_SELECT_BY = "ssim_3d_whole"
_ALIASES = {STABLE: CHAMPION, CANARY: CANARY}
"""Label -> the registry's alias of the same version."""


@dataclass(frozen=True)
class ServedState:
    """What the registry says now.

    aliases: alias -> version.
    versions: every version, by its number.
    select_by: SSIM column that the champion's verdict rests on.
    ssim: mean of that column over the held-out examinations, by version; absent where not known.
    """

    aliases: Mapping[str, int]
    versions: Mapping[int, ModelVersion]
    select_by: str = DEFAULT_SELECT_BY
    ssim: Mapping[int, float] | None = None


def read_aliases(registry: Registry) -> dict[str, int]:
    """Every alias and the version it points at; one request, to look often.

    Raises:
        RegistryError: the registry does not answer.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return aliases_of(registry)
    except (MlflowException, SQLAlchemyError) as error:
        raise _unreachable(registry, error) from error


def read_served_state(registry: Registry) -> ServedState:
    """Aliases, versions and their scores.

    Raises:
        RegistryError: the registry does not answer.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        aliases = aliases_of(registry)
        versions = {version.version: version for version in list_versions(registry)}
        champion = versions.get(aliases.get(CHAMPION, 0))
        select_by = DEFAULT_SELECT_BY if champion is None else _select_by(registry, champion)
        named = [versions[number] for number in sorted(set(aliases.values()) & set(versions))]
        scores = {version.version: _score(registry, version, select_by) for version in named}
        ssim = {number: score for number, score in scores.items() if score is not None}
    except (MlflowException, SQLAlchemyError) as error:
        raise _unreachable(registry, error) from error
    return ServedState(aliases, versions, select_by, ssim)


def labels_of(aliases: Mapping[str, int], versions: Mapping[int, ModelVersion]) -> dict[str, int]:
    """Label -> version, the same behind a server and locally.

    The champion is `stable`, the version it replaced is `previous` as long as it is there, and the alias
    canary is `canary`. What an alias points at may have been deleted.
    """
    labels = {label: aliases[alias] for label, alias in _ALIASES.items() if alias in aliases}
    champion = versions.get(labels.get(STABLE, 0))
    if champion is not None and champion.replaces in versions:
        labels[PREVIOUS] = champion.replaces
    return labels


def as_served(version: ModelVersion, ssim: float | None = None) -> ServedVersion:
    """What a version is to those who serve it or ask it.

    Raises:
        RegistryError: its tags do not say which model of this project it is.
    """
    unit = version.tags.get("target_unit", "")
    try:
        return ServedVersion(
            version=version.version,
            model=ModelId.parse(version.model),
            target_unit=TargetUnit(unit),
            digest=version.digest,
            ssim=ssim,
        )
    except (UsageError, ValueError) as error:
        raise RegistryError(
            f"Version {version.version} has the tags model '{version.model}' and target_unit '{unit}'; "
            "expected those of a model that this project promoted. Promote the model again, or delete the "
            "version in MLflow."
        ) from error


def named_version(registry: Registry, number: int, label: str) -> ModelVersion:
    """A version by number, or where that is 0 by label; labels mean what sync makes of them behind a server.

    Raises:
        RegistryError: there is no such version or label.
    """
    versions = {version.version: version for version in list_versions(registry)}
    called = f"'{registry.registered_name}' at {registry.address}"
    if not number:
        aliases = aliases_of(registry)
        labels = labels_of(aliases, versions)
        labels |= {alias: at for alias, at in aliases.items() if alias.startswith(AVAILABLE_PREFIX)}
        if label not in labels:
            raise RegistryError(
                f"{called} has no version with the label '{label}'; expected one of "
                f"{', '.join(labels) or '(none)'}. See 'cbvsynth registry list'."
            )
        number = labels[label]
    if number not in versions:
        raise RegistryError(
            f"{called} has no version {number}, or not any more; see which there are with 'cbvsynth registry "
            "list'."
        )
    return versions[number]


def fetch_unchanged_model(registry: Registry, version: ModelVersion, target: Path) -> Path:
    """Copy a version's SavedModel below `target`, if it is still what was promoted; return where it lies.

    Raises:
        RegistryError: the registry does not give it.
        ModelError: a file is missing, added or changed.
    """
    folder = fetch_artifact(registry, version, f"{MODEL_ARTIFACT}/{SAVED_MODEL}", target)
    found, expected = sha256_tree(folder), stored_digests(version)
    if found != expected:
        changed = sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))
        raise ModelError(
            f"Version {version.version} of '{registry.registered_name}': {', '.join(changed[:5])} differs "
            "from "
            "what was promoted; it was not loaded. Promote the model again."
        )
    return folder


def stored_digests(version: ModelVersion) -> dict[str, str]:
    """Sha256 of the files of a version's SavedModel, by POSIX path; empty where the list is damaged."""
    try:
        stored = json.loads(version.tags.get("saved_model_sha256", "{}"))
        return {str(path): str(digest) for path, digest in stored.items()}
    except (ValueError, AttributeError):
        return {}


def download_saved_model(registry: Registry, version: ModelVersion, target: Path) -> Path:
    """Copy a version's SavedModel below `target` and return where it lies; nothing is checked here.

    Raises:
        RegistryError: the registry does not give it.
        StorageError: the disk does not take it.
    """
    from mlflow.exceptions import MlflowException

    path = f"{MODEL_ARTIFACT}/{SAVED_MODEL}"
    try:
        return fetch_artifact(registry, version, path, target)
    except RegistryError:
        # MLflow says of every failure that there is no such artefact: where it lists one, try the disk.
        try:
            size = _stored_bytes(registry, version.run_id, path)
        except MlflowException:
            size = 0
        _require_space(target, size)
        raise


def _stored_bytes(registry: Registry, run_id: str, path: str) -> int:
    entries = registry.client.list_artifacts(run_id, path)
    return sum(
        _stored_bytes(registry, run_id, entry.path) if entry.is_dir else int(entry.file_size or 0)
        for entry in entries
    )


def _require_space(folder: Path, size: int) -> None:
    """Raise StorageError where the disk does not take as many bytes in place of what is in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    if not size:
        return
    try:
        folder.mkdir(parents=True)
        with (folder / "space").open("wb") as probe:
            os.posix_fallocate(probe.fileno(), 0, size)
    except OSError as error:
        raise storage_error(OSError(error.errno, error.strerror)) from error


def _score(registry: Registry, version: ModelVersion, column: str) -> float | None:
    """Mean of a score of a version's run; None where the run, or the score, is gone or is no number."""
    from mlflow.exceptions import MlflowException

    try:
        score = registry.client.get_run(version.run_id).data.metrics.get(column)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
    return float(score) if score is not None and math.isfinite(score) else None


def _select_by(registry: Registry, champion: ModelVersion) -> str:
    """The column of the champion's verdict; the default where the verdict is gone."""
    try:
        with TemporaryDirectory() as folder:
            path = fetch_artifact(registry, champion, VERDICT_ARTIFACT, Path(folder))
            return read_verdict(path).settings.select_by
    except (RegistryError, ResultError):
        return DEFAULT_SELECT_BY


def _unreachable(registry: Registry, error: Exception) -> RegistryError:
    return RegistryError(
        f"The registry at {registry.address} does not answer ({registry.readable(error)}); expected aliases "
        f"and versions of '{registry.registered_name}'. Check that it runs, and MLFLOW_TRACKING_URI."
    )
