"""The kind overlay's registry without a cluster: its own commands, on a real PostgreSQL and a real S3 API.

The commands, flags and environments are those of the rendered manifests. What a cluster would give is put
in their place: Services are ports of this machine, and the Secret names this PostgreSQL and this S3.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cbvsynth.k8s.cluster import Manifest
from cbvsynth.k8s.rules.flags import words_of
from tests.k8s.overlays_of_ours import overlay
from tests.k8s.stores.postgres import Postgres, postgres
from tests.k8s.stores.processes import free_port, running, status

PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Stores:
    """PostgreSQL, S3, and the environment that pods get to reach them."""

    database: Postgres
    s3: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Server:
    """A running MLflow."""

    port: int
    stores: Stores

    @property
    def address(self) -> str:
        """By name: the server refuses a bare address, as the manifests tell it to."""
        return f"http://localhost:{self.port}"


def container(name: str) -> Manifest:
    """A container of the kind overlay."""
    return next(
        one for workload in overlay("kind").workloads() for one in workload.containers if one["name"] == name
    )


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """PostgreSQL and S3, empty."""
    folder, port = tmp_path_factory.mktemp("stores"), free_port()
    s3 = f"http://127.0.0.1:{port}"
    config = next(
        one["data"]
        for one in overlay("kind").of_kind("ConfigMap")
        if one["metadata"]["name"].startswith("mlflow-environment")
    )
    command = [str(PROGRAMS / "moto_server"), "--host=127.0.0.1", f"--port={port}"]
    with (
        postgres() as database,
        running(
            command,
            # Its host is a name of ours, in which no bucket's name is to be looked for.
            {**os.environ, "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"},
            folder / "s3.log",
            lambda: status(f"{s3}/moto-api/") == 200,
        ),
    ):
        yield Stores(
            database,
            s3,
            {
                **config,
                "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
                "HOME": str(folder),
                "XDG_CACHE_HOME": str(folder),
                "MLFLOW_BACKEND_STORE_URI": database.sqlalchemy_address,
                # As in a cluster the store has a name that only MLflow's pod resolves: its own requests go
                # there by way of a proxy, which is the store itself. Clients get no answer under it.
                "MLFLOW_S3_ENDPOINT_URL": "http://s3.cbvsynth.invalid:8333",
                "HTTP_PROXY": s3,
                "NO_PROXY": "127.0.0.1,localhost",
                "AWS_ACCESS_KEY_ID": "cbvsynth",
                "AWS_SECRET_ACCESS_KEY": "for-a-laptop-only",
            },
        )


@pytest.fixture(scope="session")
def server(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """MLflow as the Deployment starts it: tables, bucket, server."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    for name in ("tables", "make-bucket"):
        run(container(name), stores)
    words = [word.replace("5000", str(port)) for word in words_of(container("mlflow"))]
    address = f"http://127.0.0.1:{port}"
    with running(
        words, stores.environment, folder / "mlflow.log", lambda: status(f"{address}/health") == 200
    ):
        yield Server(port, stores)


def run(one: Manifest, stores: Stores) -> str:
    """What a container prints that ends by itself."""
    words = [
        word.replace("$(MLFLOW_BACKEND_STORE_URI)", stores.environment["MLFLOW_BACKEND_STORE_URI"])
        for word in words_of(one)
    ]
    done = subprocess.run(words, env=stores.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="session")
def empty_tables(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the tables hold before anything was promoted: putting it back takes no restart of MLflow."""
    path = tmp_path_factory.mktemp("tables") / "empty.sql"
    server.stores.database.program(
        "pg_dump", "--data-only", f"--file={path}", f"--dbname={server.stores.database.address}"
    )
    return path


@pytest.fixture
def _own_folder(server: Server, empty_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder and an empty registry on the server."""
    empty(server.stores.database, empty_tables)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)


@pytest.fixture
def empty_registry(_own_folder: None) -> None:
    """A registry that exists and holds nothing; here every one does."""


def empty(database: Postgres, tables: Path) -> None:
    """Bring every table back to what it was in the beginning."""
    names = database.sql(
        "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
    )
    database.sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    database.program(
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--dbname={database.address}",
        f"--file={tables}",
    )
