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
from functools import cache as cache_result
from pathlib import Path

MODULE = Path(__file__).parent / "control-plane"
"""go.mod names the versions, go.sum what they hold."""
BUILT = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}


def kubernetes() -> str:
    """The version of Kubernetes, as go.mod pins it: 1.34.4, say."""
    (found,) = re.findall(r"^\s*k8s\.io/kubernetes v(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    return str(found)


@cache_result
def cache() -> Path:
    """The folder of what was built from just these modules."""
    pins = b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "cbvsynth" / f"kubernetes-{kubernetes()}-{hashlib.sha256(pins).hexdigest()[:8]}"


def program(name: str) -> Path:
    """Where a program is once it is built."""
    return cache() / "bin" / name


def missing() -> list[str]:
    """What the cache still lacks."""
    return [name for name in (*BUILT, "etcd") if not program(name).is_file()]


def build() -> None:
    """Build what is missing; go.sum decides what is trusted."""
    (cache() / "bin").mkdir(parents=True, exist_ok=True)
    for name in missing():
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
    partial = program(f"{name}.part")
    command = ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += [f"-ldflags=-s -w {linked}", "-o", str(partial), BUILT[name]]
    subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""}, check=True)
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
