"""Programs of ours as child processes: started, waited for, and stopped in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.errors import ServingError, UnreachableError

_STOP_S = 20.0
_LOOK_EVERY_S = 0.1
_LOG_LINES = 15
_OPEN = re.compile(r"^(gRPC|REST) on (\S+:\d+)", re.MULTILINE)


@dataclass(frozen=True)
class ServerProcess:
    """An embedded server that runs on its own; its output goes to `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    def addresses(self, wait_s: float) -> dict[str, str]:
        """Wait until the ports are open; the addresses by `gRPC` and, where there is one, `REST`.

        Raises:
            ServingError: the server ended instead.
            UnreachableError: it did not open its ports in time.
        """
        deadline = time.monotonic() + wait_s
        while True:
            self.require_alive()
            found = dict(_OPEN.findall(self._text()))
            if "gRPC" in found:
                return found
            if time.monotonic() >= deadline:
                raise UnreachableError(
                    f"The server did not open its port within {wait_s:g} s; expected it to load its models. "
                    f"Its last words, from {self.log}:\n{self._last_words()}"
                )
            time.sleep(_LOOK_EVERY_S)

    def require_alive(self) -> None:
        """Raise ServingError, with the server's last words, where it has ended."""
        if self.process.poll() is not None:
            raise ServingError(
                f"The server ended with code {self.process.returncode}; expected it to serve. Its last "
                f"words, from {self.log}:\n{self._last_words()}"
            )

    def _text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _last_words(self) -> str:
        return "\n".join(self._text().splitlines()[-_LOG_LINES:])


@contextmanager
def server_process(flags: Sequence[str], log: Path) -> Iterator[ServerProcess]:
    """An embedded server with these flags while the block runs."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, child_process("cbvsynth.server", flags, output.fileno()) as process:
        yield ServerProcess(process, log)


@contextmanager
def child_process(
    module: str, flags: Sequence[str], output: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A module of ours as a program while the block runs.

    Args:
        module: as in cbvsynth.sync.watch.
        flags: its command line.
        output: file descriptor for its words; None leaves them where ours go.
    """
    # A session of its own: Ctrl-C is for the program that started it, which then stops it in order.
    process = subprocess.Popen(  # noqa: S603  our own modules
        [sys.executable, "-m", module, *flags],
        stdout=output,
        stderr=output,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
