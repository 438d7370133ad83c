"""The two images that every node has, from nothing but a program each."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.node import buildah
from tests.cluster.programs import MODULE, program

PAUSE, COREDNS = "localhost/pause:3.10", "localhost/coredns:1.13"
"""The image that holds a pod's namespaces, and the one that answers for names."""
OTHERS = Path(__file__).parent / "others"
"""A folder for each image that is made here in another project's place."""


def build() -> None:
    """Build both images."""
    for image, name in {PAUSE: "pause", COREDNS: "coredns"}.items():
        with tempfile.TemporaryDirectory() as context:
            _context(name, Path(context))
            buildah.build(Path(context), image)


def _context(name: str, folder: Path) -> None:
    shutil.copytree(OTHERS / name, folder, dirs_exist_ok=True)
    if name == "coredns":
        shutil.copy(program("coredns"), folder)
        return
    module = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        cwd=MODULE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    source = f"{module}/build/pause/linux/pause.c"
    subprocess.run(["gcc", "-Os", "-static", "-o", str(folder / "pause"), source], check=True)
