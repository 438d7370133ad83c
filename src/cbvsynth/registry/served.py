"""What is to be served: the registry's aliases and versions, and each version's SavedModel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cbvsynth.entrypoint import storage_error
from cbvsynth.errors import RegistryError, ResultError
from cbvsynth.records.verdicts import read_verdict
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import (
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
        ssim = {}
        for number in sorted(set(aliases.values()) & set(versions)):
            metrics = registry.client.get_run(versions[number].run_id).data.metrics
            if select_by in metrics:
                ssim[number] = float(metrics[select_by])
    except (MlflowException, SQLAlchemyError) as error:
        raise _unreachable(registry, error) from error
    return ServedState(aliases, versions, select_by, ssim)


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
