"""Servers that a test starts and ends: a free port, a log, and a wait until they answer."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A TCP port that nobody has taken a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    answers: Callable[[], bool],
    wait_s: float = 180.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers, until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=output, cwd=log.parent
        )
    try:
        deadline = time.monotonic() + wait_s
        while not answers():
            assert process.poll() is None, f"{command[0]} has ended:\n{log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer:\n{log.read_text()[-3000:]}"
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def status(url: str, host: str = "") -> int:
    """HTTP status of a GET, 0 where nobody answers; `host` is sent as the Host header."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except OSError:
        return 0
