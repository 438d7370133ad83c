"""The connection to MLflow: a SQLite file beside the project, or whatever MLFLOW_TRACKING_URI names.

In Kubeflow's pods the address comes in CBVSYNTH_TRACKING_URI. Its MLflow plugin sets MLFLOW_TRACKING_URI
itself, and Kubernetes refuses a pod that is given one variable twice.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from cbvsynth.errors import RegistryError
from cbvsynth.records.storage import atomic_file

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy.engine.interfaces import DBAPIConnection

DEFAULT_DATABASE = Path("mlflow.db")
_SQLITE = "sqlite:///"
_LAST_TABLE = "alembic_version"
"""Comes in one transaction with the last of MLflow's tables."""
DEFAULT_ARTIFACTS = Path("mlartifacts")
EXPERIMENT = "cbvsynth"
_LOCK_TIMEOUT_S = 600
"""Longer than any promotion takes: storing 62 models on a slow disk takes minutes."""

# Before MLflow is imported: nothing is sent anywhere, and no bar is drawn per copied file.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# A server that is not there is noticed within seconds, not minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
# Artefacts go through the server. Left to itself the client asks it for addresses inside the object store,
# which only the server can reach, and of which only the server has the keys.
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false")


@dataclass(frozen=True)
class Registry:
    """One MLflow tracking server or database, and the registered model that this project looks after."""

    tracking_uri: str
    registered_name: str

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client; the first one on a database without tables creates them.

        Raises:
            RegistryError: the server or database does not answer, or is not one of MLflow's.
        """
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        try:
            if self.database is not None and not self.exists:
                self._create(self.database)
            with nullcontext() if self._has_tables() else self.lock():
                client = MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
                client.search_registered_models(max_results=1)
        except (MlflowException, SQLAlchemyError) as error:
            raise RegistryError(
                f"The registry at {self.address} cannot be used ({self.readable(error)}). Check "
                "MLFLOW_TRACKING_URI; without it the registry is the file mlflow.db here."
            ) from error
        return client

    def connect(self) -> None:
        """Make the client, for whoever takes the lock next.

        Importing MLflow and connecting take seconds of processor time, a minute on a busy machine. Others
        should not wait for it.

        Raises:
            RegistryError: as `client`.
        """
        assert self.client is not None

    @cached_property
    def experiment_id(self) -> str:
        """The experiment that holds one run per trained model; created on first use."""
        with self.lock():
            found = self.client.get_experiment_by_name(EXPERIMENT)
            if found is not None:
                return str(found.experiment_id)
            location = None if self.is_server else DEFAULT_ARTIFACTS.resolve().as_uri()
            return str(self.client.create_experiment(EXPERIMENT, artifact_location=location))

    @property
    def is_server(self) -> bool:
        """Whether artefacts are stored by a server rather than below the working folder."""
        return self.tracking_uri.startswith(("http://", "https://"))

    @property
    def address(self) -> str:
        """The address for people: no password in it, and a SQLite file by its name alone."""
        if self.database is not None:
            return self.database.name
        scheme, separator, rest = self.tracking_uri.partition("://")
        return f"{scheme}{separator}{rest.rpartition('@')[2]}"

    @property
    def database(self) -> Path | None:
        """The SQLite file; None for a server or another database."""
        if not self.tracking_uri.startswith(_SQLITE):
            return None
        return Path(self.tracking_uri.removeprefix(_SQLITE).partition("?")[0])

    @property
    def exists(self) -> bool:
        """Whether there is anything to ask: a SQLite file that is not there yet has no champion."""
        return self.database is None or self.database.is_file()

    def readable(self, error: Exception) -> str:
        """The first line of an MLflow error, without a password that the address may hold."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return lines[0].replace(self.tracking_uri, self.address)[:200]

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process at a time on this machine create or change this registry; reading needs no lock.

        Processes on other machines are not kept out; what guards against them is that promotion
        compares the champion again just before it moves the alias.
        """
        from filelock import FileLock, Timeout

        # Everybody may open the lock: who may change the registry is for the database's own mode to say.
        lock = FileLock(self._lock_file, timeout=_LOCK_TIMEOUT_S, mode=0o666, is_singleton=True)
        try:
            with lock:
                yield
        except Timeout as error:
            raise RegistryError(
                f"Another process has held the registry at {self.address} for {_LOCK_TIMEOUT_S:g} s. "
                "Wait for it, or stop it, and start again; what it had finished is kept."
            ) from error

    @property
    def _lock_file(self) -> Path:
        """Beside the database; for a server, which has no folder here, one of this user's own.

        Another user's file in the shared temporary folder cannot be opened, whatever its mode: Linux
        forbids it (fs.protected_regular).
        """
        if self.database is not None:
            return self.database.with_name(f"{self.database.name}.lock")
        name = hashlib.sha256(self.tracking_uri.encode()).hexdigest()[:16]
        return Path(gettempdir()) / f"cbvsynth-registry-{name}-{os.getuid()}.lock"

    def _has_tables(self) -> bool:
        """False for a database to which MLflow must bring its tables, which two at once cannot do."""
        from sqlalchemy import create_engine, inspect

        if self.is_server or self.database is not None:
            return True
        engine = create_engine(self.tracking_uri)
        try:
            return inspect(engine).has_table(_LAST_TABLE)
        finally:
            engine.dispose()

    def _create(self, database: Path) -> None:
        """Let MLflow make its tables under another name, then rename.

        MLflow makes them one by one, and a database that was half made when its maker was killed cannot
        be mended.
        """
        from mlflow import MlflowClient

        with self.lock():
            if self.exists:  # made by another process while this one waited for the lock
                return
            for abandoned in database.parent.glob(f".{database.name}.????????{database.suffix}*"):
                abandoned.unlink()  # of one that was killed: nobody else is in here
            with atomic_file(database) as temporary, _disk_not_waited_for():
                uri = f"{_SQLITE}{temporary.resolve()}"
                MlflowClient(tracking_uri=uri, registry_uri=uri).search_registered_models(max_results=1)


@contextmanager
def _disk_not_waited_for() -> Iterator[None]:
    """Within the block SQLite leaves to the system when to write.

    MLflow makes its tables in hundreds of transactions, each of which waits for the disk several times; on a
    busy one that was ten minutes. A file that gets its name when it is whole needs none of it.
    """
    from sqlalchemy import Engine, event

    def relax(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA journal_mode=MEMORY")
        cursor.close()

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)


def open_registry(registered_name: str) -> Registry:
    """The registry of the environment: MLFLOW_TRACKING_URI, CBVSYNTH_TRACKING_URI, or mlflow.db here."""
    named = os.environ.get("MLFLOW_TRACKING_URI") or os.environ.get("CBVSYNTH_TRACKING_URI")
    return Registry(named or f"{_SQLITE}{DEFAULT_DATABASE.resolve()}", registered_name)
