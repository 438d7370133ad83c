"""NiiVue, the viewer: one pinned file out of its npm package, served by the page itself.

The package is read as npm brings it and held to the digest that npm's registry states for it. Nothing of it
is copied into this project, and nothing is asked for when the page runs.
"""

from __future__ import annotations

import hashlib
import shlex
import tarfile
from pathlib import Path

from cbvsynth.errors import InstallationError

VERSION = "0.69.0"
PACKAGE = f"@niivue/niivue@{VERSION}"
PACKAGE_FILE = f"niivue-niivue-{VERSION}.tgz"
SHA512 = (
    "60c8d0bc9803d56d9bec3ba8c64c250b85716eb80878f449e6ac90cd72b18b6b"
    "f6301560dbce4ffc2210ca0e3aa030c60c871a3656ddf8c86d3bf79d31b5c990"
)
"""Of the package, as its `dist.integrity` says in base 64."""
SCRIPT = "package/dist/niivue.umd.js"


def read_viewer(package: Path) -> bytes:
    """The viewer's script, ECMAScript that makes `window.niivue`.

    Raises:
        InstallationError: the package is not there or is another one.
    """
    try:
        content = package.read_bytes()
    except OSError as error:
        raise InstallationError(
            f"The viewer '{package.name}' is not in {package.parent}: {_bringing(package)} brings it "
            "(make page does), or say with --viewer where it is."
        ) from error
    found = hashlib.sha512(content).hexdigest()
    if found != SHA512:
        raise InstallationError(
            f"The viewer '{package.name}' has the digest {found[:12]}..., expected {SHA512[:12]}... of "
            f"{PACKAGE}. Remove it and bring it again: {_bringing(package)}."
        )
    with tarfile.open(package) as archive:
        script = archive.extractfile(SCRIPT)
        assert script is not None, "the digest is right"
        return script.read()


def _bringing(package: Path) -> str:
    """The command that brings it; npm makes no folder."""
    folder = shlex.quote(str(package.parent))
    return f"mkdir -p {folder} && npm pack {PACKAGE} --pack-destination {folder}"
