"""The two images that every node has, from nothing but a program each."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from functools import cache as cache_result
from pathlib import Path

from tests.cluster import debian
from tests.cluster.programs import MODULE, home, program

PAUSE, COREDNS = "localhost/pause:3.10", "localhost/coredns:1.13"
"""The image that holds a pod's namespaces, and the one that answers for names."""
_FOLDERS = {PAUSE: "pause", COREDNS: "coredns"}


def build() -> None:
    """Build both images, and keep an archive of each that has changed."""
    for image, name in _FOLDERS.items():
        with tempfile.TemporaryDirectory() as context:
            _context(name, Path(context))
            _run("build", "--quiet", "--layers", "--isolation=chroot", f"--tag={image}", context)
    for image, archive in archives().items():
        if not archive.exists():
            for old in archive.parent.glob(f"{_FOLDERS[image]}-*.tar"):
                old.unlink()
            _run("push", "--quiet", image, f"docker-archive:{archive}:{image}")


@cache_result
def archives() -> dict[str, Path]:
    """The archive of each image, by the name under which a pod asks for it."""
    found = {}
    for image, name in _FOLDERS.items():
        (listed,) = json.loads(_run("images", "--json", image))
        found[image] = home() / "images" / f"{name}-{listed['id'][:12]}.tar"
    return found


def _context(name: str, folder: Path) -> None:
    shutil.copytree(Path(__file__).parent / "others" / name, folder, dirs_exist_ok=True)
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


def _run(*arguments: str) -> str:
    """buildah, with storage of its own and a policy, without which nothing may be stored."""
    folder = home() / "images"
    policy = folder / "home/.config/containers/policy.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    storage = [f"--root={folder}/storage", f"--runroot={folder}/storage-run", "--storage-driver=overlay"]
    command = ["buildah", *storage, *arguments]
    own = {**debian.environment(), "HOME": str(folder / "home")}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-3000:]}"
    return done.stdout
