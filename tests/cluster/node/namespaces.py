"""Runs a command in network, process and mount namespaces of its own; its control groups go after it.

Whatever it starts ends with it: the kernel ends the processes of a process namespace with its first one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

GROUPS = Path("/sys/fs/cgroup")
KERNEL = Path("/proc/sys")
SET_BY_KUBELET = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Settings of the whole machine that a kubelet changes and leaves so; it is given files in their place.

With memory overcommitted, an array that no machine can hold is no longer refused: its process is killed.
"""
WRITTEN = ("/run/netns", "/run/containerd", "/var/lib/cni")
"""Where containerd and plug-ins leave files, whatever they are told; they are given memory instead."""


def main(command: Sequence[str]) -> int:
    """Run it; returns its exit status."""
    # They end with this process even where it is killed.
    apart = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    separate = ["setpriv", "--pdeathsig", "KILL", "--", "unshare", *apart]
    # Pods see what is mounted later, as on any node; the machine outside sees none of it.
    before = _groups()
    try:
        with TemporaryDirectory() as scratch:
            hide = [f"mount --bind {_copy(KERNEL / one, scratch)} {KERNEL / one}" for one in SET_BY_KUBELET]
            own = [f"mkdir -p {one} && mount -t tmpfs tmpfs {one}" for one in WRITTEN]
            prepare = " && ".join(["ip link set lo up", "mount --make-rshared /", *own, *hide, 'exec "$@"'])
            return subprocess.run([*separate, "sh", "-c", prepare, "sh", *command], check=False).returncode
    finally:
        for one in sorted(_groups() - before, key=lambda path: len(path.parts), reverse=True):
            one.rmdir()


def _copy(setting: Path, folder: str) -> Path:
    copy = Path(folder) / setting.name
    shutil.copyfile(setting, copy)
    return copy


def _groups() -> set[Path]:
    return {one for one in GROUPS.glob("**/k8s.io/**") if one.is_dir()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
