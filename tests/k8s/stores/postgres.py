"""A PostgreSQL cluster of the tests' own, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.k8s.stores.processes import free_port
from tests.tools import require_tool

_DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps a server's programs here, off the search path."""
_NOBODY = 65534
"""PostgreSQL refuses to run as root."""


@dataclass(frozen=True)
class Postgres:
    """A running server with a user and a database, both called mlflow."""

    programs: Path
    port: int

    def of(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://mlflow@127.0.0.1:{self.port}/{database}"

    @property
    def address(self) -> str:
        """The registry's database, as PostgreSQL's programs take it."""
        return self.of("mlflow")

    @property
    def sqlalchemy_address(self) -> str:
        """As MLflow takes it, with the driver that the image has."""
        return self.address.replace("postgresql://", "postgresql+psycopg://")

    def sql(self, statement: str, database: str = "mlflow") -> str:
        """What a statement answers, unadorned."""
        done = subprocess.run(
            [
                *(self.programs / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
                *("--set=ON_ERROR_STOP=1", f"--dbname={self.of(database)}"),
                f"--command={statement}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def program(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs."""
        done = subprocess.run(
            [str(self.programs / name), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A new cluster, until the block ends."""
    programs, port = _programs(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="cbvsynth-postgres-"))
    as_user = _as_nobody(folder)
    try:
        _run(
            *as_user,
            programs / "initdb",
            "--username=mlflow",
            "--auth=trust",
            "--no-sync",
            f"--pgdata={folder}/data",
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c full_page_writes=off"
        control = [*as_user, programs / "pg_ctl", f"--pgdata={folder}/data", "--wait"]
        _run(*control, "start", f"--log={folder}/log", f"--options={options}")
        try:
            server = Postgres(programs, port)
            server.sql("CREATE DATABASE mlflow", database="postgres")
            yield server
        finally:
            _run(*control, "stop", "--mode=immediate")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(_DEBIAN.glob("*/bin/initdb"))
    return found[-1].parent if found else Path(require_tool("initdb")).resolve().parent


def _as_nobody(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root; nothing where we are not root."""
    if os.geteuid() != 0:
        return []
    os.chown(folder, _NOBODY, _NOBODY)
    return [require_tool("setpriv"), f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout
