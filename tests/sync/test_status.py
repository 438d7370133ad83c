"""Kubernetes asks sync whether it has started, Prometheus how it goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from cbvsynth.config import PromoteConfig
from cbvsynth.errors import UsageError
from cbvsynth.steps.promote import run as promote
from cbvsynth.sync.options import SyncOptions
from cbvsynth.sync.status import LAST_SUCCESS, ROUNDS, SERVED_VERSION, SyncStatus, answering
from tests.registry.trained_models import decide, train


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_page_counts_rounds_and_names_what_is_served() -> None:
    status = SyncStatus(clock=lambda: 1700000000.25)
    assert status.page().splitlines() == [
        f"# TYPE {ROUNDS} counter",
        f'{ROUNDS}{{result="ok"}} 0',
        f'{ROUNDS}{{result="failed"}} 0',
    ]
    status.failed()
    status.succeeded({"stable": 3, "previous": 2})
    status.succeeded({"stable": 4})
    lines = status.page().splitlines()
    assert f'{ROUNDS}{{result="ok"}} 2' in lines
    assert f'{ROUNDS}{{result="failed"}} 1' in lines
    assert f"{LAST_SUCCESS} 1700000000.250" in lines
    assert [line for line in lines if line.startswith(SERVED_VERSION)] == [
        f'{SERVED_VERSION}{{label="stable"}} 4'
    ]


def test_started_turns_from_503_to_200_and_other_addresses_are_404() -> None:
    there = False
    with answering(0, SyncStatus(), lambda: there) as port:
        assert get(port, "/started")[0] == 503
        there = True
        assert get(port, "/started") == (200, "started\n")
        assert get(port, "/metrics")[1].startswith("# TYPE")
        assert get(port, "/etc/passwd")[0] == 404
    with pytest.raises(urllib.error.URLError):
        get(port, "/started")


def test_a_taken_port_and_a_port_that_cannot_be_are_named() -> None:
    with (
        answering(0, SyncStatus(), lambda: True) as port,
        pytest.raises(UsageError, match=f"--status_port {port} cannot be opened"),
        answering(port, SyncStatus(), lambda: True),
    ):
        pass
    with pytest.raises(UsageError, match="status_port is 70000"):
        SyncOptions(watch=1, status_port=70000)


@pytest.mark.slow
@pytest.mark.usefixtures("empty_registry")
def test_a_watching_sync_has_started_when_the_first_champion_is_copied() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cbvsynth.cli", "serving", "sync", "--watch", "--base_path", "models"),
            *("--interval_s", "0.2", "--status_port", str(port)),
        ],
        env={**os.environ},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        assert wait_for(port, "/metrics", 'result="failed"} 1')  # no champion yet
        assert get(port, "/started")[0] == 503
        train("encdec-t1c", 0.9)
        decide("encdec-t1c")
        promote(PromoteConfig())
        assert wait_for(port, "/metrics", f'{SERVED_VERSION}{{label="stable"}} 1')
        assert get(port, "/started")[0] == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def wait_for(port: int, path: str, text: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if text in get(port, path)[1]:
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False
