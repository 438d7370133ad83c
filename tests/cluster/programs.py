"""The programs of a Kubernetes cluster, built once from pinned Go modules into a cache.

`make test-cluster` calls this before the tests. Nothing is installed on the machine: the cache is one folder,
named by what it was made from, and may be removed at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache as cache_result
from pathlib import Path

MODULE = Path(__file__).parent / "control-plane"
"""go.mod names the versions, go.sum what they hold."""
ADD_ONS = Path(__file__).parent / "add-ons"
"""A module each, since they pin other versions of the same packages."""
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE = ("kubelet", "kube-proxy")
OBJECT_STORE = "weed"
BUILT = {
    **{name: (MODULE, f"k8s.io/kubernetes/cmd/{name}") for name in (*CONTROL_PLANE, *NODE)},
    "kube-router": (ADD_ONS / "kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),
    "coredns": (ADD_ONS / "coredns", "."),
    OBJECT_STORE: (ADD_ONS / "seaweedfs", "github.com/seaweedfs/seaweedfs/weed"),
}
"""What is built, and in which module: Kubernetes, what a node has besides for network rules and names, and
what keeps a registry's files."""


def kubernetes() -> str:
    """The version of Kubernetes, as go.mod pins it: 1.34.4, say."""
    (found,) = re.findall(r"^\s*k8s\.io/kubernetes v(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    return str(found)


@cache_result
def cache() -> Path:
    """The folder of what was built from just these modules."""
    pins = b"".join(
        (folder / name).read_bytes()
        for folder in sorted({folder for folder, _ in BUILT.values()})
        for name in ("go.mod", "go.sum")
    )
    return home() / f"kubernetes-{kubernetes()}-{hashlib.sha256(pins).hexdigest()[:8]}"


def home() -> Path:
    """Where all that is kept between runs lies."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cbvsynth"


def program(name: str) -> Path:
    """Where a program is once it is built."""
    return cache() / "bin" / name


def missing(wanted: Sequence[str] = CONTROL_PLANE) -> list[str]:
    """What the cache still lacks."""
    return [name for name in (*wanted, "etcd") if not program(name).is_file()]


def build(wanted: Sequence[str] = CONTROL_PLANE) -> None:
    """Build what is missing; go.sum decides what is trusted."""
    (cache() / "bin").mkdir(parents=True, exist_ok=True)
    for name in missing(wanted):
        started = time.monotonic()
        print(f"{name}: ", end="", flush=True)
        if name == "etcd":
            _etcd()
        else:
            _go(name)
        print(
            f"{program(name).stat().st_size / 2**20:.0f} MiB, {time.monotonic() - started:.0f} s", flush=True
        )


def _go(name: str) -> None:
    major, minor, _ = kubernetes().split(".")
    stamped = {"gitVersion": f"v{kubernetes()}", "gitMajor": major, "gitMinor": minor}
    linked = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamped.items())
    partial, (module, package) = program(f"{name}.part"), BUILT[name]
    command = ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += [f"-ldflags=-s -w {linked}", "-o", str(partial), package]
    subprocess.run(command, cwd=module, env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""}, check=True)
    partial.rename(program(name))


def _etcd() -> None:
    """The machine's own, or else Debian's, unpacked without being installed: no service starts."""
    if found := shutil.which("etcd"):
        program("etcd").symlink_to(found)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "download", "-qq", "etcd-server"], cwd=folder, check=True)
        (package,) = Path(folder).glob("etcd-server_*.deb")
        subprocess.run(["dpkg", "-x", str(package), "unpacked"], cwd=folder, check=True)
        shutil.move(Path(folder) / "unpacked/usr/bin/etcd", program("etcd"))


if __name__ == "__main__":
    from tests.cluster.definitions import fetch

    build()
    fetch()
    sys.stdout.write(f"{cache()}\n")
