"""etcd and Kubernetes' control plane on loopback, in a folder of their own, until a block ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.kubectl import Kubectl
from tests.cluster.programs import program
from tests.k8s.stores.processes import free_port, running, status

USERS = {
    "admin": ("admin", "system:masters"),
    "controllers": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": ("system:node:node-a", "system:nodes"),
    "proxy": ("system:kube-proxy", ""),
}
"""Who may do what: Kubernetes knows the names in the middle."""

ELSEWHERE = "10.200.0.1"
"""What the API server says its address is: it may not be loopback, and only a real node's pods go there."""


@dataclass(frozen=True)
class ControlPlane:
    """A running API server with its controllers and its scheduler, and no node."""

    folder: Path
    port: int
    admin: Kubectl
    processes: tuple[int, ...]

    def kubeconfig(self, name: str) -> Path:
        """What one of USERS shows to the API server."""
        return self.folder / f"{name}.kubeconfig"


@contextmanager
def control_plane(address: str = "127.0.0.1") -> Iterator[ControlPlane]:
    """An empty cluster whose API server has an address. Its processes die with this one, however it ends."""
    folder = Path(tempfile.mkdtemp(prefix="cbvsynth-cluster-"))
    try:
        with ExitStack() as stack:
            yield _started(folder, stack, address)
    finally:
        shutil.rmtree(folder)


def _started(folder: Path, stack: ExitStack, address: str) -> ControlPlane:
    etcd, peers, api = free_port(), free_port(), free_port()
    _keys(folder)
    store = stack.enter_context(
        running(
            _command(
                "etcd",
                f"--data-dir={folder}/etcd",
                f"--listen-client-urls=http://127.0.0.1:{etcd}",
                f"--advertise-client-urls=http://127.0.0.1:{etcd}",
                f"--listen-peer-urls=http://127.0.0.1:{peers}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
                f"--initial-cluster=default=http://127.0.0.1:{peers}",
            ),
            os.environ,
            folder / "etcd.log",
            lambda: status(f"http://127.0.0.1:{etcd}/health") == 200,
        )
    )
    server = stack.enter_context(
        running(
            _command(
                "kube-apiserver",
                f"--etcd-servers=http://127.0.0.1:{etcd}",
                f"--bind-address={address}",
                f"--secure-port={api}",
                f"--advertise-address={ELSEWHERE}",
                f"--cert-dir={folder}/certificates",
                f"--token-auth-file={folder}/tokens.csv",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--allow-privileged=true",
                # Where kubelets are asked for logs: nothing here knows a node's name.
                "--kubelet-preferred-address-types=InternalIP",
                # Debian's etcd is older than what this needs, and clients would wait for ever.
                "--feature-gates=WatchList=false",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={folder}/accounts.pub",
                f"--service-account-signing-key-file={folder}/accounts.key",
            ),
            os.environ,
            folder / "api.log",
            lambda: _answers(f"https://{address}:{api}/readyz"),
        )
    )
    users = {name: _kubeconfig(folder, name, f"https://{address}:{api}") for name in USERS}
    common = ["--leader-elect=false", "--bind-address=127.0.0.1"]
    others = {
        "kube-controller-manager": [
            f"--kubeconfig={users['controllers']}",
            # As in a real cluster: every controller has an account and rights of its own.
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={folder}/accounts.key",
            f"--root-ca-file={folder}/certificates/apiserver.crt",
            # Nodes are played, and nobody renews their leases.
            "--node-monitor-grace-period=10h",
            # Quicker than a real cluster, where nobody waits for it.
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--pvclaimbinder-sync-period=2s",
            *common,
        ],
        "kube-scheduler": [f"--kubeconfig={users['scheduler']}", *common],
    }
    pids = [store.pid, server.pid]
    for name, flags in others.items():
        port = free_port()
        command = _command(name, *flags, f"--secure-port={port}", f"--cert-dir={folder}/{name}")
        process = running(
            command,
            os.environ,
            folder / f"{name}.log",
            lambda port=port: _answers(f"https://127.0.0.1:{port}/healthz"),
        )
        pids.append(stack.enter_context(process).pid)
    return ControlPlane(folder, api, Kubectl(users["admin"]), tuple(pids))


def _command(name: str, *flags: str) -> list[str]:
    """A program that dies with the tests even where they are killed."""
    return ["setpriv", "--pdeathsig", "KILL", "--", str(program(name)), *flags]


def _keys(folder: Path) -> None:
    for words in (
        ["genrsa", "-out", f"{folder}/accounts.key", "2048"],
        ["rsa", "-in", f"{folder}/accounts.key", "-pubout", "-out", f"{folder}/accounts.pub"],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    lines = []
    for name, (user, group) in USERS.items():
        (folder / f"{name}.token").write_text(secrets.token_hex(16))
        lines.append(f'{(folder / f"{name}.token").read_text()},{user},{name},"{group}"\n')
    (folder / "tokens.csv").write_text("".join(lines))


def _kubeconfig(folder: Path, name: str, server: str) -> Path:
    cluster = {
        "server": server,
        "certificate-authority": f"{folder}/certificates/apiserver.crt",
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": name, "user": {"tokenFile": f"{folder}/{name}.token"}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": name}}],
        "current-context": "tests",
    }
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps(config))
    return path


def _answers(url: str) -> bool:
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=5, context=unverified) as reply:
            return int(reply.status) == 200
    except (urllib.error.URLError, OSError):
        return False
