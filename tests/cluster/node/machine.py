"""One real node: containerd, kubelet, kube-proxy and kube-router, in namespaces of their own.

kube-router holds the network rules, and does nothing else here.

Everything here runs inside the network, process and mount namespaces that `make test-node` makes, so that no
rule, no mount, no address and no process is left on the machine.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import debian
from tests.cluster.control_plane import ELSEWHERE, ControlPlane
from tests.cluster.kubectl import Kubectl, Manifest, eventually
from tests.cluster.node import buildah
from tests.cluster.node.images import COREDNS, PAUSE
from tests.cluster.programs import home, program
from tests.k8s.stores.processes import running

NAME = "node-a"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
NAMES = "10.96.0.10"
"""Where pods ask for names."""


@dataclass(frozen=True)
class Machine:
    """A node that runs containers."""

    folder: Path
    admin: Kubectl

    def ctr(self, *arguments: object) -> str:
        """containerd's own command."""
        command = ["ctr", f"--address={self.folder}/containerd.sock", "--namespace=k8s.io"]
        return _run(*command, *arguments)

    def load(self, images: Mapping[str, str]) -> None:
        """Bring images into containerd under their names, where they are not from the last time."""
        there = set(self.ctr("images", "list", "--quiet").split())
        built = buildah.identities()
        for name, stored in images.items():
            marks = f"localhost/loaded/{re.sub('[^a-z0-9]+', '-', name)}:"
            mark = f"{marks}{built[stored][:12]}"
            if {name, mark} <= there:
                continue
            archive = self.folder / "image.tar"
            buildah.run("push", "--quiet", stored, f"docker-archive:{archive}:{name}")
            self.ctr("images", "import", archive)
            archive.unlink()
            self.ctr("images", "tag", "--force", name, mark)
            # What it was before is nobody's now.
            for one in sorted(one for one in there if one.startswith(marks) and one != mark):
                self.ctr("images", "rm", "--sync", one)

    def volume(self, name: str, claim: Manifest) -> Manifest:
        """Where a claim's files lie: a local disk; for study and workspace, storage that ignores fsGroup."""
        path = self.folder / "volumes" / name
        path.mkdir(parents=True)
        if name in ("kubeflow-cbvsynth-data", "kubeflow-cbvsynth-workspace"):
            return {"hostPath": {"path": str(path)}}
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
        affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}
        return {"local": {"path": str(path)}, "nodeAffinity": affinity}

    def is_ready(self) -> bool:
        """Whether the kubelet says so."""
        conditions = [one for node in self.admin.all("nodes") for one in node["status"]["conditions"]]
        return ("Ready", "True") in [(one["type"], one["status"]) for one in conditions]


@contextmanager
def machine(cluster: ControlPlane) -> Iterator[Machine]:
    """A node that is ready, until the block ends."""
    folder = cluster.folder / NAME
    folder.mkdir()
    found = Machine(folder, cluster.admin)
    with ExitStack() as stack:
        stack.callback(_unmount, folder)
        stack.enter_context(_containerd(folder))
        _forget(found)
        found.load({one: one for one in (PAUSE, COREDNS)})
        # When the kubelet has ended, which would start them again and take away what it sees end.
        stack.callback(_end_pods, found)
        stack.enter_context(_kubelet(cluster, folder))
        eventually(found.is_ready, "the node is ready")
        found.admin("patch", "node", NAME, "--patch", json.dumps({"spec": {"podCIDR": PODS}}))
        stack.enter_context(_kube_proxy(cluster, folder))
        stack.enter_context(_kube_router(cluster, folder))
        yield found


def make_network() -> None:
    """An address that pods can reach the API server under; nothing leads out of this namespace."""
    interfaces = {one["ifname"] for one in json.loads(_run("ip", "-json", "link"))}
    assert interfaces <= {"lo", "node"}, (
        f"{interfaces}: not a network of the tests' own; type `make test-node`"
    )
    _run("ip", "link", "add", "node", "type", "bridge")
    _run("ip", "address", "add", f"{ELSEWHERE}/32", "dev", "node")
    _run("ip", "link", "set", "node", "up")
    _run("ip", "route", "add", "default", "dev", "node")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


@contextmanager
def _containerd(folder: Path) -> Iterator[None]:
    (folder / "cni").mkdir()
    plugin = {
        "type": "ptp",
        "ipam": {
            "type": "host-local",
            "subnet": PODS,
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(folder / "addresses"),
        },
    }
    pods = {"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin]}
    (folder / "cni/10-pods.conflist").write_text(json.dumps(pods))
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    (folder / "containerd.toml").write_text(
        f"""version = 2
root = "{home()}/containerd"
state = "{folder}/containerd"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
{cri}]
sandbox_image = "{PAUSE}"
disable_apparmor = true
restrict_oom_score_adj = true
{cri}.cni]
bin_dir = "{debian.folder()}/usr/lib/cni"
conf_dir = "{folder}/cni"
{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"""
    )
    command = ["containerd", f"--config={folder}/containerd.toml"]
    with _served("containerd", command, folder, (folder / "containerd.sock").exists):
        yield


@contextmanager
def _kubelet(cluster: ControlPlane, folder: Path) -> Iterator[None]:
    (folder / "resolv.conf").write_text("")
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        # Machines that build software often have the older hierarchies, which 1.35 and later refuse.
        "failCgroupV1": False,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "readOnlyPort": 0,
        "clusterDNS": [NAMES],
        "clusterDomain": "cluster.local",
        "resolvConf": str(folder / "resolv.conf"),
        "volumePluginDir": str(folder / "plugins"),
        "podLogsDir": str(folder / "logs"),
        # The machine's disk may be as full as it likes.
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
    }
    (folder / "kubelet.json").write_text(json.dumps(config))
    command = [
        str(program("kubelet")),
        f"--config={folder}/kubelet.json",
        f"--kubeconfig={cluster.kubeconfig('kubelet')}",
        f"--root-dir={folder}/kubelet",
        f"--cert-dir={folder}/certificates",
        f"--hostname-override={NAME}",
        f"--node-ip={ELSEWHERE}",
    ]
    with _served("kubelet", command, folder, lambda: True):
        yield


@contextmanager
def _kube_proxy(cluster: ControlPlane, folder: Path) -> Iterator[None]:
    command = [
        str(program("kube-proxy")),
        "--proxy-mode=nftables",
        f"--kubeconfig={cluster.kubeconfig('proxy')}",
        f"--hostname-override={NAME}",
        f"--cluster-cidr={PODS}",
        "--conntrack-max-per-core=0",
    ]
    with _served(
        "kube-proxy", command, folder, lambda: "table ip kube-proxy" in _run("nft", "list", "tables")
    ):
        yield


@contextmanager
def _kube_router(cluster: ControlPlane, folder: Path) -> Iterator[None]:
    command = [
        str(program("kube-router")),
        "--run-router=false",
        "--run-service-proxy=false",
        "--run-firewall=true",
        f"--kubeconfig={cluster.kubeconfig('admin')}",
        f"--hostname-override={NAME}",
        f"--service-cluster-ip-range={SERVICES}",
    ]
    with _served("kube-router", command, folder, lambda: "KUBE-ROUTER-FORWARD" in _run("iptables-save")):
        yield


@contextmanager
def _served(name: str, command: list[str], folder: Path, answers: object) -> Iterator[None]:
    with running(command, debian.environment(), folder / f"{name}.log", answers):  # type: ignore[arg-type]
        yield


def _unmount(folder: Path) -> None:
    """Take away what containers and volumes have mounted below a folder, the last first."""
    listed = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for one in reversed(listed):
        if Path(one).is_relative_to(folder):
            _run("umount", "--lazy", one)


def _end_pods(node: Machine) -> None:
    """Every container ends before what runs it does."""
    for one in node.ctr("tasks", "list", "--quiet").split():
        with suppress(AssertionError):  # it has ended by itself
            node.ctr("tasks", "rm", "--force", one)
    _forget(node)


def _forget(node: Machine) -> None:
    """containerd keeps images between runs, and containers for nobody."""
    for one in node.ctr("containers", "list", "--quiet").split():
        node.ctr("containers", "rm", one)


def _run(*command: object) -> str:
    done = subprocess.run(
        [str(word) for word in command], env=debian.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.strip()}"
    return done.stdout
