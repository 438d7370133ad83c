"""buildah, with storage of its own in the cache; no engine runs and nothing is installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cluster import debian
from tests.cluster.programs import home

FLAGS = ("--layers", "--isolation=chroot", "--network=host")
"""How everything is built: what has not changed costs seconds."""


def command() -> list[str]:
    """How it is called."""
    storage = home() / "images/storage"
    return ["buildah", f"--root={storage}", f"--runroot={storage}-run", "--storage-driver=overlay"]


def environment() -> dict[str, str]:
    """As all of Debian's programs, and with a policy, without which nothing may be stored."""
    folder = home() / "images/home"
    policy = folder / ".config/containers/policy.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return {**debian.environment(), "HOME": str(folder)}


def build(context: Path, image: str, arguments: Mapping[str, str] | None = None) -> None:
    """Build the Dockerfile of a folder."""
    given = [f"--build-arg={key}={value}" for key, value in (arguments or {}).items()]
    run("build", "--quiet", *FLAGS, *given, f"--tag={image}", str(context))


def identities() -> dict[str, str]:
    """What is there, by name, and what it holds, as a digest."""
    return {name: one["id"] for one in json.loads(run("images", "--json")) for name in one["names"] or []}


def run(*arguments: str) -> str:
    """What it prints; it must succeed."""
    done = subprocess.run(
        [*command(), *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"buildah {' '.join(arguments)}: {done.stderr[-3000:]}"
    return done.stdout
