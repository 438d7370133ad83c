"""The two images that every node has, from nothing but a program each."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.node import buildah
from tests.cluster.programs import MODULE, OBJECT_STORE, program

PAUSE, COREDNS = "localhost/pause:3.10", "localhost/coredns:1.13"
"""The image that holds a pod's namespaces, and the one that answers for names."""
OTHERS = Path(__file__).parent / "others"
"""A folder for each image that is made here in another project's place."""
PROGRAMS = {"coredns": "coredns", "seaweedfs": OBJECT_STORE}
"""The images that hold a program of `tests.cluster.programs`."""


def build() -> None:
    """Build both images."""
    for image, name in {PAUSE: "pause", COREDNS: "coredns"}.items():
        with context(name) as folder:
            if name == "pause":
                _pause(folder)
            buildah.build(folder, image)


@contextmanager
def context(name: str) -> Iterator[Path]:
    """A folder of `others`, with the program that its image is of where we build one."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copytree(OTHERS / name, folder, dirs_exist_ok=True)
        if name in PROGRAMS:
            shutil.copy(program(PROGRAMS[name]), folder)
        yield folder


def _pause(folder: Path) -> None:
    module = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        cwd=MODULE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    source = f"{module}/build/pause/linux/pause.c"
    subprocess.run(["gcc", "-Os", "-static", "-o", str(folder / "pause"), source], check=True)
