"""Backup, restore, rollback, rebuilding: by the commands of the manifests and of docs/how-to/recover.md."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import boto3
import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import RegistryError
from cbvsynth.records.storage import sha256_tree, tree_digest
from cbvsynth.registry.champion import present_champion
from cbvsynth.registry.rollback import roll_back
from cbvsynth.registry.store import open_registry
from cbvsynth.registry.versions import (
    MODEL_ARTIFACT,
    SAVED_MODEL,
    SCORES_ARTIFACT,
    fetch_artifact,
    version_of,
)
from cbvsynth.steps.promote import run as promote
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.watch import run as sync
from tests.k8s.stores.conftest import Server, container
from tests.k8s.stores.conftest import empty as empty_all
from tests.registry.test_promotion import first_promotion, state
from tests.registry.trained_models import decide, train

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_own_folder")]


def in_pod(server: Server, name: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the component `backup`."""
    one = container(name)
    return subprocess.run(
        [*one["command"], *one["args"]],
        env={
            "PATH": f"{server.stores.database.programs}:{os.environ['PATH']}",
            "BACKUP_FOLDER": str(folder),
            "MLFLOW_BACKEND_STORE_URI": server.stores.database.sqlalchemy_address,
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def back_up(server: Server, folder: Path) -> list[Path]:
    """The dumps that are there after a backup, the oldest first."""
    folder.mkdir(exist_ok=True)
    done = in_pod(server, "dump", folder)
    assert done.returncode == 0, done.stderr
    return sorted(folder.glob("registry-*.dump"))


def crown(model: str, ssim: float) -> None:
    train(model, ssim)
    present = present_champion("cbvsynth")
    decide(model, champion=None if present is None else (present.version, present.model, present.digest))
    promote(PromoteConfig())


def test_a_dump_brings_back_champion_aliases_and_history(server: Server, tmp_path: Path) -> None:
    first_promotion()
    before = state()
    dump = back_up(server, tmp_path / "backup")[-1]
    crown("fcgan-t1c", 0.95)
    assert state() != before
    server.stores.database.sql("DROP TABLE registered_model_aliases CASCADE")
    server.stores.database.sql("CREATE TABLE of_a_newer_version (id int)")
    restored = in_pod(server, "restore", dump.parent)
    assert restored.stdout == f"restored {dump.name}\n", restored.stderr
    assert server.stores.database.sql("SELECT to_regclass('of_a_newer_version')") == ""
    assert state() == before
    roll_back_is_refused_as_before()
    crown("fcgan-t1c", 0.95)
    assert state()[0]["champion"] == 3
    roll_back(open_registry("cbvsynth"))
    assert state()[0] == before[0]


def roll_back_is_refused_as_before() -> None:
    with pytest.raises(Exception, match="is the first champion"):
        roll_back(open_registry("cbvsynth"))


def test_fourteen_dumps_are_kept_and_none_is_half_written(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    for day in range(1, 16):
        old = folder / f"registry-202501{day:02d}T023000Z.dump"
        old.write_bytes(b"old")
        os.utime(old, (time.time() - 86400 * (20 - day),) * 2)
    kept = back_up(server, folder)
    assert len(kept) == 14
    assert kept[0].name == "registry-20250103T023000Z.dump"
    assert kept[-1].read_bytes().startswith(b"PGDMP")
    assert list(folder.glob("*.part")) == []


def test_a_backup_that_fails_leaves_the_old_ones(server: Server, tmp_path: Path) -> None:
    (tmp_path / "registry-20250101T023000Z.dump").write_bytes(b"old")
    nobody = "postgresql+psycopg://mlflow@127.0.0.1:9/mlflow"
    assert in_pod(server, "dump", tmp_path, MLFLOW_BACKEND_STORE_URI=nobody).returncode != 0
    assert [path.name for path in tmp_path.glob("registry-*.dump")] == ["registry-20250101T023000Z.dump"]


def test_a_restore_that_fails_changes_nothing(server: Server, tmp_path: Path) -> None:
    first_promotion()
    before = state()
    dump = back_up(server, tmp_path / "backup")[-1]
    dump.write_bytes(dump.read_bytes()[:-4000])
    damaged = in_pod(server, "restore", dump.parent, DUMP=dump.name)
    assert damaged.returncode != 0
    assert state() == before
    assert in_pod(server, "restore", dump.parent, DUMP="registry-of-another-day.dump").returncode != 0
    assert state() == before
    assert [path.name for path in dump.parent.iterdir()] == [dump.name]


def test_a_lost_database_is_rebuilt_by_promoting_the_files_again(server: Server, empty_tables: Path) -> None:
    first_promotion()
    before = state()
    empty_all(server.stores.database, empty_tables)
    assert state() == ({}, [])
    promote(PromoteConfig())
    assert state() == before


def test_what_is_served_outlives_the_registry_and_follows_it_again(server: Server, tmp_path: Path) -> None:
    """Sync takes models through the server from S3, and compares every file with what was promoted."""
    first_promotion()
    models = tmp_path / "models"
    options = SyncOptions(once=1, base_path=models, interval_s=0.01)
    sync(options)
    champion = version_of(open_registry("cbvsynth"), "champion")
    assert champion is not None
    assert tree_digest(sha256_tree(models / "cbvsynth" / str(champion.version))) == champion.digest
    crown("fcgan-t1c", 0.95)
    sync(options)
    assert "stable" in (models / "models.config").read_text()
    roll_back(open_registry("cbvsynth"))
    sync(options)
    assert f'key: "stable"\n      value: {champion.version}' in (models / "models.config").read_text()


def test_models_are_in_the_bucket_and_the_trainer_has_no_key(server: Server, tmp_path: Path) -> None:
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    first_promotion()
    champion = version_of(open_registry("cbvsynth"), "champion")
    assert champion is not None
    s3 = boto3.client(
        "s3",
        endpoint_url=server.stores.s3,
        region_name="us-east-1",
        aws_access_key_id="cbvsynth",
        aws_secret_access_key="for-a-laptop-only",
    )
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="cbvsynth")["Contents"]]
    assert any(champion.run_id in key and key.endswith("saved_model.pb") for key in keys)
    stored = fetch_artifact(open_registry("cbvsynth"), champion, MODEL_ARTIFACT, tmp_path / "copy")
    assert tree_digest(sha256_tree(stored / SAVED_MODEL)) == champion.digest


def test_clients_that_cannot_reach_the_store_get_models_through_the_server(
    server: Server, tmp_path: Path
) -> None:
    """MLflow's client asked the server for addresses inside the object store, which pods cannot reach:
    evaluate tried for four minutes, then said that the artefact did not exist, and sync stayed where it was.
    """
    assert "s3.cbvsynth.invalid" in server.stores.environment["MLFLOW_S3_ENDPOINT_URL"]
    first_promotion()
    registry = open_registry("cbvsynth")
    champion = version_of(registry, "champion")
    assert champion is not None
    started = time.monotonic()
    assert fetch_artifact(registry, champion, SCORES_ARTIFACT, tmp_path / "copy").is_file()
    assert time.monotonic() - started < 60


def test_an_artefact_that_is_not_there_and_a_store_out_of_reach_are_two_messages(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were "has no artefact ... Promote again", which sent people to promote what was there."""
    first_promotion()
    registry = open_registry("cbvsynth")
    champion = version_of(registry, "champion")
    assert champion is not None
    with pytest.raises(RegistryError, match=r"Version 1 of 'cbvsynth' has no artefact 'evaluation/none.csv'"):
        fetch_artifact(registry, champion, "evaluation/none.csv", tmp_path / "copy")
    # What MLflow's client does where nobody tells it otherwise.
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
    # It tries each chunk six times, for a minute, which nothing can shorten; and all that not once more.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"was not reached through .*it may well be there"):
        fetch_artifact(registry, champion, SCORES_ARTIFACT, tmp_path / "copy")
