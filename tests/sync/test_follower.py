"""From a real registry to the folder that a server reads."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.commands.registry import canary, rollback
from cbvsynth.config import PromoteConfig
from cbvsynth.domain.selection.records import Outcome
from cbvsynth.errors import ModelError, RegistryError, StorageError, UsageError
from cbvsynth.records.selection import read_selection
from cbvsynth.registry.champion import present_champion
from cbvsynth.steps.promote import run as promote
from cbvsynth.sync.follower import run
from cbvsynth.sync.options import SyncOptions
from tests.registry.trained_models import decide, program_of, train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
MODELS = Path("models")


def crown(model: str, ssim: float, by_availability: dict[str, str] | None = None) -> None:
    train(model, ssim)
    present = present_champion("cbvsynth")
    against = None if present is None else (present.version, present.model, present.digest)
    decide(model, Outcome.PROMOTE, against, by_availability)
    promote(PromoteConfig())


def sync(**changes: Any) -> None:
    run(SyncOptions(**({"once": 1, "base_path": MODELS, "interval_s": 0.01} | changes)))


def labels() -> dict[str, int]:
    return dict(read_selection(MODELS / "selection.json").labels)


@pytest.fixture
def promoted(empty_registry: None) -> None:
    """Version 1 is encdec-t1c, version 2 is encdec-t1-t1c and champion."""
    crown("encdec-t1c", 0.8)
    crown("encdec-t1-t1c", 0.85, {"t1-t1c": "encdec-t1-t1c", "t1c": "encdec-t1c"})


def test_what_the_registry_names_is_served_and_the_client_can_read_it(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sync()
    selection = read_selection(MODELS / "selection.json")
    assert selection.labels == {"stable": 2, "previous": 1}
    assert {one.version: (one.model.slug, one.ssim) for one in selection.versions} == {
        1: ("encdec-t1c", 0.8),
        2: ("encdec-t1-t1c", 0.85),
    }
    assert {pattern.slug: number for pattern, number in selection.patterns.items()} == {"t1c": 1, "t1-t1c": 2}
    assert (MODELS / "cbvsynth/2/saved_model.pb").read_bytes() == program_of("encdec-t1-t1c")
    assert f'base_path: "{MODELS.resolve() / "cbvsynth"}"' in (MODELS / "models.config").read_text()
    assert "stable is version 2" in capsys.readouterr().out
    sync(served_path="/models")
    assert 'base_path: "/models/cbvsynth"' in (MODELS / "models.config").read_text()


def test_rollback_and_canary_move_labels_and_copy_nothing(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sync()
    shutil.rmtree("mlartifacts")  # a copy would now fail
    rollback()
    sync()
    assert labels()["stable"] == 1
    canary(version=2)
    sync()
    assert labels() == {"stable": 1, "canary": 2}
    capsys.readouterr()
    canary()
    canary(clear=1)
    canary()
    canary(clear=1)
    lines = capsys.readouterr().out.splitlines()
    assert "version 2 (encdec-t1-t1c)" in lines[0]
    assert "it was version 2" in lines[1]
    assert lines[2].endswith("none")
    assert lines[3].endswith("had none")
    sync()
    assert labels() == {"stable": 1}


def test_a_canary_must_be_another_version_that_exists(promoted: None) -> None:
    with pytest.raises(UsageError, match="Version 2 of 'cbvsynth' is the champion"):
        canary(version=2)
    with pytest.raises(RegistryError, match="has no version 9; expected one of 1, 2"):
        canary(version=9)
    with pytest.raises(UsageError, match="both given"):
        canary(version=1, clear=1)


def test_one_flipped_byte_in_the_registry_is_not_published_and_the_old_one_stays(promoted: None) -> None:
    sync()
    before = (MODELS / "models.config").read_text()
    crown("encdec-t1-t1c-adc", 0.9)
    (stored,) = (
        path for path in Path("mlartifacts").rglob("variables.data*") if b"t1c-adc" in path.read_bytes()
    )
    content = bytearray(stored.read_bytes())
    content[0] ^= 1
    stored.write_bytes(content)
    with pytest.raises(ModelError, match=r"Version 3 of 'cbvsynth': 'variables/.*' differs"):
        sync()
    assert (MODELS / "models.config").read_text() == before
    assert labels() == {"stable": 2, "previous": 1}
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["1", "2"]


def test_a_damaged_version_to_go_back_to_does_not_hold_up_its_successor(
    promoted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a promotion that could not be served, the next one named it as `previous` and got stuck too."""
    crown("encdec-t1-t1c-adc", 0.9)
    (stored,) = (
        path
        for path in Path("mlartifacts").rglob("saved_model.pb")
        if path.read_bytes() == program_of("encdec-t1-t1c")
    )
    stored.write_bytes(b"damaged")
    sync()
    assert labels() == {"stable": 3}
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["3"]
    assert "Version 2 of 'cbvsynth': 'saved_model.pb' differs" in capsys.readouterr().err


def test_a_damaged_champion_is_not_excused_as_what_is_kept_to_go_back_to(promoted: None) -> None:
    sync()
    crown("encdec-t1-t1c-adc", 0.9)
    for stored in Path("mlartifacts").rglob("saved_model.pb"):
        if stored.read_bytes() == program_of("encdec-t1-t1c-adc"):
            stored.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="Version 3 of 'cbvsynth'"):
        sync()
    assert labels() == {"stable": 2, "previous": 1}


def test_a_registry_that_is_lost_leaves_what_is_served(promoted: None, monkeypatch: Any) -> None:
    sync()
    before = (MODELS / "models.config").read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"http://127\.0\.0\.1:1"):
        sync()
    assert (MODELS / "models.config").read_bytes() == before
    assert labels()["stable"] == 2


def test_without_a_champion_nothing_is_written(empty_registry: None) -> None:
    with pytest.raises(RegistryError, match="has no champion"):
        sync()
    assert not (MODELS / "models.config").exists()


def test_a_version_whose_files_are_gone_is_an_error_that_says_so(promoted: None) -> None:
    shutil.rmtree("mlartifacts")
    with pytest.raises(RegistryError, match="has no artefact 'model/tf2model'"):
        sync()
    assert not (MODELS / "models.config").exists()


def test_a_full_disk_is_named_and_nothing_is_published(promoted: None) -> None:
    """The limit on a file's size stands in for a full disk: MLflow hands both on as text."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, former[1]))
    try:
        with pytest.raises(StorageError, match="larger than allowed"):
            sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert not (MODELS / "models.config").exists()
    assert list((MODELS / "cbvsynth").iterdir()) == []


def test_old_versions_are_kept_as_told_and_served_ones_always(promoted: None) -> None:
    sync()
    crown("encdec-t1-t1c-adc", 0.9)
    sync(keep=0)
    sync(keep=0)
    assert sorted(path.name for path in (MODELS / "cbvsynth").iterdir()) == ["2", "3"]
    assert labels() == {"stable": 3, "previous": 2}


def test_a_damaged_selection_is_written_anew(promoted: None, capsys: pytest.CaptureFixture[str]) -> None:
    sync()
    (MODELS / "selection.json").write_text("{")
    sync()
    assert labels()["stable"] == 2
    assert "selection.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"once": 0}, "either --once or --watch"),
        ({"watch": 1}, "either --once or --watch"),
        ({"keep": -1}, "keep is -1"),
        ({"interval_s": 0.0}, "interval_s is 0"),
    ],
)
def test_flags_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SyncOptions(**({"once": 1} | changes))


def start(*flags: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cbvsynth.cli", "serving", "sync", *flags, "--base_path", str(MODELS)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Any, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.2)


def test_watching_follows_the_registry_survives_its_loss_and_stops_when_told(promoted: None) -> None:
    process = start("--watch", "--interval_s", "0.3")
    try:
        wait_for((MODELS / "models.config").exists)
        Path("mlflow.db").rename("away.db")
        time.sleep(1.5)
        Path("away.db").rename("mlflow.db")
        rollback()
        wait_for(lambda: labels()["stable"] == 1)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "What is served stays; next look in 0.3 s" in errors
    assert "stopped; what is served stays" in errors
    assert "Traceback" not in errors
    assert "stable is version 1" in output


def test_stopped_before_its_end_a_single_sync_does_not_call_itself_done(promoted: None) -> None:
    process = start("--once", "--server", "127.0.0.1:1")
    try:
        wait_for((MODELS / "models.config").exists)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert "stopped before the end" in errors
    assert labels()["stable"] == 2


def test_sync_imports_no_tensorflow() -> None:
    code = (
        "import sys, cbvsynth.sync.follower, cbvsynth.sync.plan, cbvsynth.sync.publish, mlflow; "
        "print([name for name in ('tensorflow', 'keras', 'tensorflow_serving') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_registry_may_be_a_server(empty_registry: None, monkeypatch: Any) -> None:
    """A real MLflow server over the same database; artefacts are proxied as on a cluster."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db"),
            *("--artifacts-destination", str(Path("stored").resolve()), "--serve-artifacts"),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        wait_for(lambda: server.poll() is None and _answers(port))
        crown("encdec-t1c", 0.8)
        assert not Path("mlartifacts").exists()
        sync()
        assert labels() == {"stable": 1}
        assert (MODELS / "cbvsynth/1/saved_model.pb").read_bytes() == program_of("encdec-t1c")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1"):
        sync()
    assert labels() == {"stable": 1}


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
