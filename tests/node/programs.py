"""The node as a process of its own, and dcmtk's senders."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tools import require_tool

TITLE = "CBVSYNTH"
SENDER = "MR1"


@dataclass
class Program:
    process: subprocess.Popen[str]
    port: int
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def told_to_stop(self, seconds: float = 60.0) -> int:
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running_node(folder: Path, pacs: str, server: str, *more: str, port: int = 0) -> Iterator[Program]:
    """`cbvsynth node`, when its port is open; killed at the end of the block."""
    command = [sys.executable, "-m", "cbvsynth.cli", "node", "--folder", str(folder), "--pacs", pacs]
    command += ["--allowed", SENDER, "--port", str(port), "--server", server, "--quiet_s", "1"]
    command += ["--retry_s", "0.5", *more]
    log = folder.with_suffix(".log")
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            found = re.search(r"the node is CBVSYNTH@\S+:(\d+); maps go to", told)
            assert found, told + log.read_text(encoding="utf-8")
            yield Program(process, int(found[1]), log)
        finally:
            process.kill()
            assert process.stdout is not None
            errors.write(process.stdout.read())
            process.wait()


def dcmtk(name: str) -> str:
    """A program of dcmtk's; pynetdicom brings others of the same names beside Python."""
    require_tool("dcmdump")  # of the same package
    own = Path(sys.executable).parent
    elsewhere = (place for place in os.environ["PATH"].split(os.pathsep) if Path(place) != own)
    found = shutil.which(name, path=os.pathsep.join(elsewhere))
    assert found is not None
    return found


def storescu(
    port: int, paths: Iterable[Path], *options: str, title: str = SENDER, called: str = TITLE
) -> subprocess.CompletedProcess[str]:
    """Send files by dcmtk's storescu."""
    program = dcmtk("storescu")
    files = [str(path) for path in paths]
    command = [program, "-aet", title, "-aec", called, "-R", *options, "localhost", str(port), *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def echoscu(port: int, *options: str, title: str = SENDER, called: str = TITLE) -> int:
    """0 where the node answers C-ECHO."""
    command = [dcmtk("echoscu"), "-aet", title, "-aec", called, *options, "localhost", str(port)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode
