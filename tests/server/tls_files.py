"""Keys and certificates of localhost, and the text file that a server reads them from."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_pair(folder: Path, name: str) -> None:
    """name.key and name.pem, which vouches for itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
        ],
        check=True,
        capture_output=True,
    )


def ssl_text(*, verify: bool = False, **pems: str) -> str:
    """The text form of an SSLConfig."""
    text = "".join(
        "{}: {}\n".format(name, " ".join(f'"{line}\\n"' for line in value.splitlines()))
        for name, value in pems.items()
    )
    return text + ("client_verify: true\n" if verify else "")
