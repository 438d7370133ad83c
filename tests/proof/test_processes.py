"""Programs of ours as child processes: their addresses, their last words, their end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cbvsynth.errors import ServingError, UnreachableError
from cbvsynth.proof.processes import ServerProcess, child_process


@contextmanager
def program(code: str, log: Path) -> Iterator[ServerProcess]:
    """A program in a server's place."""
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-uc", code], stdout=output, stderr=output)
        try:
            yield ServerProcess(process, log)
        finally:
            process.kill()
            process.wait()


def test_the_addresses_are_read_from_its_words(tmp_path: Path) -> None:
    code = "print('gRPC on localhost:12'); print('REST on localhost:34'); time.sleep(60)"
    with program(f"import time; time.sleep(0.3); {code}", tmp_path / "log") as server:
        with pytest.raises(UnreachableError, match=r"did not open its port within 0\.05 s"):
            server.addresses(0.05)
        assert server.addresses(30)["gRPC"] == "localhost:12"


def test_a_server_that_ends_is_shown_with_its_last_words(tmp_path: Path) -> None:
    code = "print('early'); [print('line', n) for n in range(20)]; raise SystemExit(3)"
    with program(code, tmp_path / "log") as server:
        server.process.wait()
        with pytest.raises(ServingError, match=r"ended with code 3[\s\S]*line 19") as caught:
            server.addresses(30)
    assert "early" not in str(caught.value)


def test_a_child_lives_as_long_as_the_block(tmp_path: Path) -> None:
    with child_process("http.server", ["--bind", "127.0.0.1", "0"], subprocess.DEVNULL) as process:
        assert process.poll() is None
    assert process.returncode is not None
