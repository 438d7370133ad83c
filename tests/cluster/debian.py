"""What a node needs of Debian, unpacked into the cache: nothing is installed, so no service starts."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.programs import home

NODE = ("containerd", "runc", "containernetworking-plugins", "nftables", "iptables", "ipset", "conntrack")
BUILDER = (
    *("buildah", "debootstrap", "golang-github-containers-common", "golang-github-containers-image"),
    "patchelf",
)
LIBRARIES = (
    *("libassuan0", "libbtrfs0", "libdevmapper1.02.1", "libedit2", "libgpgme11", "libip4tc2", "libip6tc2"),
    *("libipset13", "libjansson4", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0", "libnftables1"),
    *("libnftnl11", "libseccomp2", "libsubid4", "libxtables12"),
)


def folder() -> Path:
    """Where just these packages lie unpacked."""
    names = " ".join([*NODE, *BUILDER, *LIBRARIES])
    return home() / f"debian-{hashlib.sha256(names.encode()).hexdigest()[:8]}"


def unpack() -> None:
    """Fetch and unpack them, unless that is done."""
    if folder().is_dir():
        return
    partial = folder().with_suffix(".part")
    partial.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as packages:
        names = [*NODE, *BUILDER, *LIBRARIES]
        subprocess.run(["apt-get", "download", "-qq", *names], cwd=packages, check=True)
        for one in sorted(Path(packages).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(one), str(partial)], check=True)
    # What Debian's scripts would have linked.
    for name in ("iptables", "iptables-save", "iptables-restore"):
        for protocol in (name, name.replace("ip", "ip6", 1)):
            link = partial / "usr/sbin" / protocol
            link.unlink(missing_ok=True)
            link.symlink_to("xtables-nft-multi")
    # It starts itself again without its environment.
    libraries = [str(folder() / name / "x86_64-linux-gnu") for name in ("usr/lib", "lib")]
    path = ["--force-rpath", "--set-rpath", os.pathsep.join(libraries), str(partial / "usr/bin/buildah")]
    subprocess.run([str(partial / "usr/bin/patchelf"), *path], check=True)
    partial.rename(folder())


def environment() -> dict[str, str]:
    """Under which its programs find each other and their libraries."""
    found = [folder() / name for name in ("usr/sbin", "usr/bin", "sbin", "bin")]
    libraries = [folder() / name / "x86_64-linux-gnu" for name in ("usr/lib", "lib")]
    return {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, found), os.environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
        "XTABLES_LIBDIR": str(folder() / "usr/lib/x86_64-linux-gnu/xtables"),
    }
