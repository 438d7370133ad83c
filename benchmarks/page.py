"""The page with real models: from the first file sent to the map, the first paint, and 200 uploads in a row.

    python benchmarks/page.py [--examinations 5] [--uploads 200] [--study FOLDER]

To be run where a run has promoted models (mlflow.db). Makes raw phantom examinations of 256x256x22 in five
sequences, with skull, each on slices of its own and displaced, as DICOM; starts `cbvsynth page --local` as a
process of its own and gives it one examination after the other over HTTP, a file a request, as the page's
script does. Prints the median time to the map, by the clock and in CPU seconds of the page's process with its
children, and the stages' shares. Then the page is opened in Chromium, each time by a new browser, and asked
when it painted first and how much script came. Last, a small examination is given, sorted and deleted again
and again; memory and disk are read after a tenth and at the end. Ends with 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

# A file beside this one has a package's name: look for packages beside this folder, not in it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MOST_TO_MAP_S = 60.0
MOST_TO_PAINT_S = 1.0
MOST_SCRIPT_BYTES = 3e6
MOST_GROWTH_MB = 16.0
"""Of resident memory from a tenth of the uploads to the last; a leak of one upload each would be more."""
SCRIPTS = ("page", "viewer", "measuring", "compare", "colours", "asking", "niivue")
_FIRST_PAINT_MS = """
const [done] = arguments;
const told = (list) => list.getEntriesByName("first-contentful-paint").forEach((one) => done(one.startTime));
new PerformanceObserver(told).observe({ type: "paint", buffered: true });
"""
_SCRIPT_BYTES = """
const [names, done] = arguments;
const size = async (name) => (await (await fetch(`/static/${name}.js`)).arrayBuffer()).byteLength;
Promise.all(names.map(size)).then((all) => done(all.reduce((a, b) => a + b)));
"""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Visit:
    """One visitor of the page."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"X-Cbvsynth": "page"}
        self._ask("GET", "/")

    def _ask(
        self, method: str, path: str, body: str | bytes | dict[str, object] | None = None, **headers: str
    ) -> bytes:
        content = json.dumps(body) if isinstance(body, dict) else body
        self._connection.request(method, path, content, {**self._headers, **headers})
        answer = self._connection.getresponse()
        found = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {found.decode()}")
        if cookie := answer.getheader("set-cookie"):
            self._headers["Cookie"] = cookie.partition(";")[0]
        return found

    def give(self, files: dict[str, bytes]) -> str:
        """Send files and have them sorted; the examination's id."""
        study = str(json.loads(self._ask("POST", "/api/studies"))["id"])
        for name, content in files.items():
            self._ask("PUT", f"/api/studies/{study}/files", content, **{"X-File-Name": quote(name)})
        self._ask("POST", f"/api/studies/{study}/recognise", {})
        return study

    def map(self, study: str) -> dict[str, Any]:
        """Have the map made; what the page says of it then."""
        self._ask("POST", f"/api/studies/{study}/start")
        while True:
            studies = json.loads(self._ask("GET", "/api/state"))["studies"]
            found: dict[str, Any] = next(one for one in studies if one["id"] == study)
            if found["state"] not in ("queued", "running"):
                return found
            time.sleep(0.1)

    def delete(self, study: str) -> None:
        """Remove an examination."""
        self._ask("DELETE", f"/api/studies/{study}")


class Watched:
    """A process by its number: CPU seconds with its children, and memory."""

    def __init__(self, pid: int) -> None:
        self._place = Path(f"/proc/{pid}")

    def cpu_s(self) -> float:
        """User and system, of the process and of children that have ended."""
        fields = (self._place / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def memory_mb(self) -> float:
        """Resident now."""
        return int((self._place / "statm").read_text(encoding="ascii").split()[1]) * _PAGE_MB

    def most_memory_mb(self) -> float:
        """Resident at most, ever."""
        text = (self._place / "status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+)", text)[0]) / 1e3


@contextmanager
def page(folder: Path, viewer: Path) -> Iterator[tuple[int, int]]:
    """A running page: its port and its process."""
    command = [sys.executable, "-m", "cbvsynth.cli", "page", "--local", "--port", "0"]
    command += ["--folder", str(folder), "--viewer", str(viewer), "--data", str(folder / "none")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline())
        if found is None:
            raise SystemExit("the page did not start")
        try:
            yield int(found[1]), process.pid
        finally:
            process.terminate()


def phantom(folder: Path, examinations: int) -> Path:
    """A study of raw examinations as DICOM."""
    words = ["--matrix", "256", "--slices", "22", "--entry", "raw", "--format", "dicom", "--damaged", "0"]
    count = ["--patients", str(max(6, examinations)), "--receipt", str(folder / "receipt.json")]
    command = [sys.executable, "-m", "cbvsynth.cli", "phantom", "--data", str(folder / "study")]
    subprocess.run([*command, *words, *count], check=True, stdout=subprocess.DEVNULL)
    return folder / "study"


def small() -> dict[str, bytes]:
    """Five NIfTI files of 64x64x8, as many bytes as a small examination has."""
    import nibabel as nib
    import numpy as np

    voxels = np.random.default_rng(0).uniform(0, 1000, (64, 64, 8)).astype(np.float32)
    content = nib.Nifti1Image(voxels, np.diag([3.0, 3.0, 6.0, 1.0])).to_bytes()
    return {f"{name}.nii": content for name in ("t1", "t2", "t1c", "flair", "adc")}


def read(study: Path) -> list[dict[str, bytes]]:
    """Every examination's files below a study of DICOM, without the measured CBV."""
    found = []
    for session in sorted(study.glob("sub-*/ses-*")):
        paths = (path for path in sorted(session.rglob("*")) if path.is_file())
        found.append(
            {
                path.relative_to(session).as_posix(): path.read_bytes()
                for path in paths
                if not re.search(r"CBV|s00007|IM_07", path.relative_to(session).as_posix())
            }
        )
    return found


def to_the_map(port: int, pid: int, examinations: list[dict[str, bytes]]) -> bool:
    """Time from the first file to the map, and what it went on."""
    visit, process = Visit(port), Watched(pid)
    totals, cpu, parts = [], [], []
    for files in examinations:
        began, used = time.monotonic(), process.cpu_s()
        study = visit.give(files)
        given = time.monotonic() - began
        found = visit.map(study)
        visit.delete(study)
        if found["state"] != "done":  # as a phantom whose field of view is too small
            print(f"  refused, not counted: {found['error']}", flush=True)
            continue
        totals.append(time.monotonic() - began)
        cpu.append(process.cpu_s() - used)
        parts.append({"sending and sorting": given, **found["stages"]})
        shares = ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts[-1].items())
        print(f"  {len(files)} files, {totals[-1]:.1f} s, {cpu[-1]:.1f} s of CPU: {shares}", flush=True)
    if not totals:
        raise SystemExit("no examination gave a map")
    median = statistics.median(totals)
    print(f"from drop to map: median {median:.1f} s, {statistics.median(cpu):.1f} s of CPU")
    means = {name: statistics.median(one[name] for one in parts) for name in parts[0]}
    for name, seconds in means.items():
        print(f"  {name:<20} {seconds:5.1f} s  {seconds / sum(means.values()):4.0%}")
    print(f"  most memory of the page: {process.most_memory_mb():.0f} MB")
    return median < MOST_TO_MAP_S


def paint(port: int, times: int) -> bool:
    """When the page paints first in a new browser, and how much script it has brought when a map is shown."""
    from tests.pages.browser import WEBGL_FLAGS, browser

    painted = []
    for _ in range(times):
        with TemporaryDirectory() as folder, browser(Path(folder), flags=WEBGL_FLAGS) as driver:
            driver.get(f"http://127.0.0.1:{port}/")
            painted.append(driver.execute_async_script(_FIRST_PAINT_MS) / 1e3)
            sizes = driver.execute_async_script(_SCRIPT_BYTES, SCRIPTS)
    print(f"first paint: median {statistics.median(painted):.2f} s of {times}; script {sizes / 1e6:.2f} MB")
    return statistics.median(painted) < MOST_TO_PAINT_S and sizes < MOST_SCRIPT_BYTES


def disk_mb(folder: Path) -> float:
    """What lies below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def again_and_again(port: int, pid: int, folder: Path, files: dict[str, bytes], uploads: int) -> bool:
    """Give, sort and delete; memory and disk at the beginning and at the end."""
    visit, process = Visit(port), Watched(pid)
    before, empty, disk = 0.0, disk_mb(folder), 0.0
    for number in range(1, uploads + 1):
        study = visit.give(files)
        disk = max(disk, disk_mb(folder)) if number == 1 else disk
        visit.delete(study)
        if number == max(1, uploads // 10):
            before = process.memory_mb()
    after, left = process.memory_mb(), disk_mb(folder)
    print(
        f"{uploads} uploads of {sum(map(len, files.values())) / 1e6:.1f} MB: memory {before:.0f} MB after a "
        f"tenth, {after:.0f} MB at the end; disk {empty:.2f} MB before, {disk:.1f} MB with one, "
        f"{left:.2f} MB at the end"
    )
    return after - before < MOST_GROWTH_MB and left - empty < 0.1


def main() -> int:
    """Measure all three."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--examinations", type=int, default=5, help="to be mapped, one after the other; 0 for none"
    )
    parser.add_argument("--uploads", type=int, default=200, help="in a row")
    parser.add_argument("--study", type=Path, help="study of DICOM to take examinations from")
    parser.add_argument(
        "--viewer",
        type=Path,
        default=Path("artifacts/page/niivue-niivue-0.69.0.tgz"),
        help="NiiVue's package",
    )
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        work = Path(name)
        examinations = []
        if given.examinations:
            study = given.study or phantom(work, given.examinations)
            examinations = read(study)[: given.examinations]
        with page(work / "page", given.viewer) as (port, pid):
            fine = [to_the_map(port, pid, examinations)] if examinations else []
            fine += [paint(port, 5), again_and_again(port, pid, work / "page", small(), given.uploads)]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
