"""Kill the DICOM node while two senders bring studies: is none lost, and none answered twice?

    python benchmarks/node.py [--studies 50] [--kills 5] [--seed 1] [--work FOLDER] [--server HOST:PORT]

Phantom studies (T1, T2 and T1C of brains, with a localizer, as three makers of scanners write them) are
sent by two senders at once with dcmtk's storescu, a study an association. A sender sends a study again
until every object of it was answered with success, as a PACS does. The node is killed with SIGKILL when a
drawn share of all objects has been received or sent, and started again at once. Maps go to Orthanc, which
must be installed. At the end each study must have one map there: a Parametric Map, and as many MR images
and pictures as T1C has slices.

The model is real: the champion of the registry in the working folder (`--local`), or what a prediction
server has. Prints each kill and the sums; ends with 1 where a study is lost or twice.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

from cbvsynth.errors import CbvsynthError
from cbvsynth.node.journal import State, read_rows

SENDERS = ("MR1", "MR2")
ROLES = ("localizer", "t1", "t2", "t1c")
LONGEST_S = 3600.0


def main() -> int:
    """Parse the command line, send, kill, and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--studies", type=int, default=50)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--matrix", type=int, default=48)
    parser.add_argument("--slices", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet_s", type=float, default=5.0)
    parser.add_argument("--work", type=Path, default=None, help="folder for all files; a temporary one")
    parser.add_argument("--server", default="", help="prediction server; the registry here when not given")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        return run(given, given.work or Path(scratch))


def run(given: argparse.Namespace, work: Path) -> int:
    """Write the studies, let all go at once, and compare. 0 when all is as it should be."""
    studies = [
        write_study(work / "studies" / f"{number:03d}", number, given)
        for number in range(1, given.studies + 1)
    ]
    images = sum(len(files) for files in studies)
    print(
        f"{len(studies)} studies, {images} objects, {given.matrix} x {given.matrix} x {given.slices}",
        flush=True,
    )
    total = images + len(studies) * (1 + 2 * given.slices)
    random = Random(given.seed)
    moments = sorted(random.randrange(1, total) for _ in range(given.kills))
    with Orthanc(work / "orthanc") as pacs:
        node = Node(work / "node", pacs.dicom_port, given)
        node.start()
        begun = time.monotonic()
        senders = [Sender(title, studies[place::2], node.port) for place, title in enumerate(SENDERS)]
        for sender in senders:
            sender.thread.start()
        for place, moment in enumerate(moments, start=1):
            reached = wait_until(node, lambda done: done >= moment)  # noqa: B023  called in this round
            node.kill()
            print(
                f"kill {place} at {time.monotonic() - begun:5.0f} s, {reached} of {total} objects; "
                f"{states(node.folder)}",
                flush=True,
            )
            node.start()
        wait_until(node, lambda _: all_sent(node.folder, len(studies)))
        seconds = time.monotonic() - begun
        node.stop()
        repeated = sum(sender.repeated for sender in senders)
        return judge(pacs.series(), studies, given, f"{seconds:.0f} s, {repeated} studies sent again")


def judge(
    series: list[dict[str, Any]], studies: list[list[Path]], given: argparse.Namespace, how: str
) -> int:
    """Say how many studies have one map, none, or more. 0 where each has one."""
    by_study: dict[str, Counter[int]] = {}
    for one in series:
        if one["MainDicomTags"].get("SeriesDescription", "").startswith("Synthetic CBV"):
            number = int(one["MainDicomTags"]["SeriesNumber"])
            by_study.setdefault(one["ParentStudy"], Counter())[number] += len(one["Instances"])
    whole = Counter({9101: 1, 9102: given.slices, 9103: given.slices})
    right = sum(found == whole for found in by_study.values())
    twice = sum(any(found[number] > whole[number] for number in whole) for found in by_study.values())
    lost = len(studies) - len(by_study)
    print(f"{how}; {right} of {len(studies)} studies have one whole map: {lost} lost, {twice} twice")
    return 0 if (right, lost, twice) == (len(studies), 0, 0) else 1


def write_study(folder: Path, number: int, given: argparse.Namespace) -> list[Path]:
    """One phantom patient's examination, without skull: what is tried is the node, not extraction."""
    from pydicom import dcmread

    from cbvsynth.phantom.case import make_case
    from cbvsynth.phantom.dicom.examination import ORDER, DicomPatient, write_dicom_examination
    from cbvsynth.phantom.dicom.vendors import Vendor

    case = make_case(seed=given.seed, patient=number, matrix=given.matrix, slices=given.slices)
    affine = np.diag([*case.spacing_mm, 1.0])
    affine[:3, 3] = case.origin_mm
    images = {name.value: image for name, image in case.images.items()} | {"cbv": case.cbv}
    scanned = {
        name: SimpleNamespace(voxels=np.where(case.brain, image, 0.0), affine=affine)
        for name, image in images.items()
    }
    patient = DicomPatient(f"PHANTOM-{number}", session=number)
    made: Any = SimpleNamespace(images=scanned)
    vendor = tuple(Vendor)[number % len(Vendor)]
    wanted = {ORDER.index(role) + 1 for role in ROLES}
    return [
        path
        for path in write_dicom_examination(folder, made, patient, vendor)
        if int(dcmread(path, specific_tags=["SeriesNumber"], stop_before_pixels=True).SeriesNumber) in wanted
    ]


@dataclass
class Node:
    """`cbvsynth node` as a process, on one port however often it is started."""

    folder: Path
    pacs_port: int
    given: argparse.Namespace
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin; senders meanwhile meet a closed port."""
        self.port = self.port or free_port()
        where = ["--server", self.given.server] if self.given.server else ["--local"]
        command = [
            *(sys.executable, "-m", "cbvsynth.cli", "node", "run", "--folder", str(self.folder), *where),
            *(
                "--pacs",
                f"ORTHANC@localhost:{self.pacs_port}",
                "--allowed",
                *SENDERS,
                "--port",
                str(self.port),
            ),
            *("--quiet_s", str(self.given.quiet_s), "--retry_s", "1"),
        ]
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and its end."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=300)


class Sender:
    """Sends its studies one after the other, each until it was answered for."""

    def __init__(self, title: str, studies: list[list[Path]], port: int) -> None:
        self.title, self.studies, self.port, self.repeated = title, studies, port, 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        for files in self.studies:
            tries = 0
            while not self._send(files):
                tries += 1
                time.sleep(1.0)
            self.repeated += tries > 0

    def _send(self, files: list[Path]) -> bool:
        names = [str(path) for path in files]
        command = [
            dcmtk("storescu"),
            "-R",
            "-aet",
            self.title,
            "-aec",
            "CBVSYNTH",
            "localhost",
            str(self.port),
        ]
        return subprocess.run([*command, *names], capture_output=True, check=False).returncode == 0


class Orthanc:
    """A PACS in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.dicom_port, self.http_port = folder, free_port(), free_port()

    def __enter__(self) -> Self:
        program = shutil.which("Orthanc")
        if program is None:
            raise SystemExit("Orthanc is not installed; this benchmark needs it (apt-get install orthanc).")
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "Plugins": [],
            "HttpPort": self.http_port,
            "AuthenticationEnabled": False,
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom_port,
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        with (self.folder / "orthanc.log").open("wb") as log:
            self._process = subprocess.Popen([program, str(path)], stdout=log, stderr=log)
        while True:
            try:
                self._ask("/system")
            except URLError:
                time.sleep(0.2)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def series(self) -> list[dict[str, Any]]:
        """All series, with their instances."""
        found: list[dict[str, Any]] = self._ask("/series?expand")
        return found

    def _ask(self, path: str) -> Any:  # noqa: ANN401  any JSON
        with urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=120) as answer:
            return json.loads(answer.read())


def wait_until(node: Node, reached: Any) -> int:  # noqa: ANN401  a function of the number of objects
    """Look at the journal until enough has been received and sent; how much has."""
    limit = time.monotonic() + LONGEST_S
    while time.monotonic() < limit:
        try:
            rows = read_rows(node.folder)
        except CbvsynthError:  # there is no journal yet
            rows = []
        done = sum(row.instances + row.sent for row in rows)
        if reached(done):
            return done
        assert node.process is not None
        if node.process.poll() is not None:
            raise SystemExit(
                f"the node ended by itself: {node.folder.with_suffix('.log').read_text()[-2000:]}"
            )
        time.sleep(0.05)
    raise SystemExit(f"not done in {LONGEST_S:.0f} s: {states(node.folder)}")


def all_sent(folder: Path, studies: int) -> bool:
    """Whether every study was answered."""
    rows = read_rows(folder)
    failed = [row.reason for row in rows if row.state is State.FAILED]
    if failed:
        raise SystemExit(f"{len(failed)} studies failed: {failed[0]}")
    return len(rows) == studies and all(row.state is State.SENT for row in rows)


def states(folder: Path) -> str:
    """How many studies are in which state."""
    counts = Counter(row.state for row in read_rows(folder))
    return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])


def dcmtk(name: str) -> str:
    """A program of dcmtk's; pynetdicom brings others of the same names beside Python."""
    own = Path(sys.executable).parent
    places = (place for place in os.environ["PATH"].split(os.pathsep) if Path(place) != own)
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise SystemExit(f"dcmtk's {name} is not installed; this benchmark needs it (apt-get install dcmtk).")
    return found


def free_port() -> int:
    """One that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
