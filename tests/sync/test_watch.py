"""`cbvsynth serving sync` as a program: it follows a registry, survives its loss, and stops when told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cbvsynth.commands.registry import rollback
from cbvsynth.errors import RegistryError
from tests.registry.odd_versions import foreign_version, point
from tests.registry.trained_models import program_of
from tests.sync.promoted import MODELS, crown, labels, sync

pytestmark = pytest.mark.slow


def start(*flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cbvsynth.cli", "serving", "sync", *flags, "--base_path", str(MODELS)],
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
        "import sys, cbvsynth.sync.watch, cbvsynth.sync.plan, cbvsynth.sync.publish, mlflow; "
        "print([name for name in ('tensorflow', 'keras', 'tensorflow_serving') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
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


def test_watching_goes_on_over_versions_that_cannot_be_served(promoted: None) -> None:
    """A version without our tags ended --watch with exit code 2, as if a flag were wrong."""
    foreign = foreign_version()
    point("canary", foreign)
    process = start("--watch", "--interval_s", "0.3")
    try:
        wait_for((MODELS / "models.config").exists)
        point("champion", foreign)
        time.sleep(2)
        point("champion", 1)
        wait_for(lambda: labels()["stable"] == 1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert f"warning: Version {foreign} has the tags model ''" in errors
    assert "error: The champion of 'cbvsynth' cannot be served, and what is served stays." in errors
    assert "Traceback" not in errors
