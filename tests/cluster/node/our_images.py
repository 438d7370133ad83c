"""Our images, as `make images` builds them on a base from Debian's mirror, and stand-ins for other projects'.

No public registry is asked for anything. `make test-images` calls this.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cbvsynth import __version__
from tests.cluster import debian, programs
from tests.cluster.node import buildah
from tests.cluster.node.images import OTHERS, context
from tests.k8s.overlays_of_ours import ROOT, overlay

BASE = "localhost/python:3.11-bookworm"
OURS = {"light": "cbvsynth", "train": "cbvsynth-train", "registry": "cbvsynth-registry"}
"""Names of the images, by their targets in the Makefile."""
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def wanted() -> dict[str, str]:
    """What overlays and package ask for, as containerd completes the names: where buildah has it."""
    ours = {
        f"docker.io/library/{one}:{__version__}": f"localhost/{one}:{__version__}" for one in OURS.values()
    }
    return {**ours, **{_full(image): _full(image) for image in _stand_ins().values()}}


def missing() -> list[str]:
    """What is not built."""
    if not debian.folder().is_dir():
        return list(wanted())
    there = buildah.identities()
    return [name for name, stored in wanted().items() if stored not in there]


def build() -> None:
    """Build all; layers that have not changed are kept."""
    _timed("base", _base)
    _timed("our images", _ours)
    programs.build((programs.OBJECT_STORE,))
    arguments = {"BASE_IMAGE": BASE, "TRAIN_IMAGE": f"localhost/cbvsynth-train:{__version__}"}
    for name, image in _stand_ins().items():
        with context(name) as folder:
            _timed(image, partial(buildah.build, folder, _full(image), arguments))


def _ours() -> None:
    flags = f"{' '.join(buildah.FLAGS)} --build-arg BASE_IMAGE={BASE}"
    subprocess.run(
        # Whoever calls this has set up the environment.
        [
            *("make", "--old-file=setup", *(f"image-{target}" for target in OURS)),
            *(f"ENGINE={' '.join(buildah.command())}", f"IMAGE_FLAGS={flags}"),
        ],
        cwd=ROOT,
        env=buildah.environment(),
        check=True,
    )


def _stand_ins() -> dict[str, str]:
    """Images of other projects in the kind overlay, by the folder of what stands in for them."""
    found = {one["image"] for workload in overlay("kind").workloads() for one in workload.containers}
    folders = {one.rpartition("/")[2].partition(":")[0]: one for one in found}
    return {name: one for name, one in folders.items() if (OTHERS / name).is_dir()}


def _full(name: str) -> str:
    return f"docker.io/{name}" if "/" in name else f"docker.io/library/{name}"


def _base() -> None:
    """Debian with Python, in the place of Docker Hub's python:3.11-slim-bookworm."""
    if BASE in buildah.identities():
        return
    with tempfile.TemporaryDirectory() as folder:
        bootstrap = ["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates"]
        subprocess.run(
            [*bootstrap, "bookworm", f"{folder}/root", "http://deb.debian.org/debian"],
            env={**debian.environment(), "DEBOOTSTRAP_DIR": f"{debian.folder()}/usr/share/debootstrap"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        for one in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(f"{folder}/root/{one}")
            Path(f"{folder}/root/{one}/partial").mkdir(parents=True)
        # What this machine trusts, the images' builds trust.
        shutil.copy(CERTIFICATES, f"{folder}/root{CERTIFICATES}")
        Path(folder, "Dockerfile").write_text("FROM scratch\nCOPY root /\n")
        buildah.build(Path(folder), BASE)


def _timed(name: str, work: Callable[[], None]) -> None:
    started = time.monotonic()
    work()
    sys.stdout.write(f"{name}: {time.monotonic() - started:.0f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    build()
