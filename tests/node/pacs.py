"""A real PACS for tests: Orthanc, on ports and in a folder of its own, asked by its REST API."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.tools import require_tool

TITLE = "ORTHANC"


@dataclass
class Pacs:
    dicom_port: int
    http_port: int

    @property
    def address(self) -> str:
        return f"{TITLE}@localhost:{self.dicom_port}"

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.http_port}{path}", content, method=method)
        with urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def file(self, instance: str) -> bytes:
        with urlopen(f"http://127.0.0.1:{self.http_port}/instances/{instance}/file", timeout=60) as answer:
            return bytes(answer.read())

    def series(self, description: str = "Synthetic CBV") -> list[dict[str, Any]]:
        """Series with such a description, with their instances, in the order of their numbers."""
        found = [one for one in self.ask("/series?expand") if _tag(one, "SeriesDescription", description)]
        return sorted(found, key=lambda one: int(one["MainDicomTags"]["SeriesNumber"]))

    def wait_for(self, count: int, seconds: float = 90.0) -> list[dict[str, Any]]:
        """Synthetic series, when there are so many and none changes any more."""
        limit = time.monotonic() + seconds
        before: list[Any] = []
        while time.monotonic() < limit:
            found = self.series()
            if len(found) >= count and found == before:
                return found
            before = found
            time.sleep(0.3)
        raise AssertionError(f"{len(before)} series, not {count}")


def _tag(series: dict[str, Any], name: str, start: str) -> bool:
    return str(series["MainDicomTags"].get(name, "")).startswith(start)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running_pacs(folder: Path, **more: Any) -> Iterator[Pacs]:
    """Orthanc while the block runs; `more` is of its configuration."""
    program = require_tool("Orthanc")
    folder.mkdir(parents=True, exist_ok=True)
    pacs = Pacs(free_port(), free_port())
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [],
        "HttpPort": pacs.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": TITLE,
        "DicomPort": pacs.dicom_port,
        "DicomCheckCalledAet": True,
        "StableAge": 1,
        **more,
    }
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "orthanc.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            _wait_until_it_answers(pacs, process, folder / "orthanc.log")
            yield pacs
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(pacs: Pacs, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            pacs.ask("/system")
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8"))
