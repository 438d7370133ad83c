"""What the node is told by its flags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cbvsynth.domain.ranges import require_range
from cbvsynth.errors import UsageError

LONGEST_TITLE = 16
"""Characters of an AE title. Source: DICOM PS3.5, 6.2, AE."""

LONGEST_WAIT_S = 86_400.0
"""Between two tries, whatever the flags say."""

_ADDRESS = re.compile(r"(?P<title>[^@]+)@(?P<host>.+):(?P<port>[0-9]{1,5})")


class Part(StrEnum):
    """A series of the result, by the word of its flag."""

    MAP = "map"
    SERIES = "series"
    PICTURES = "pictures"


@dataclass(frozen=True)
class Peer:
    """Another DICOM application: its AE title and where it listens."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """From `TITLE@host:port`.

        Raises:
            UsageError: it is written otherwise.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None or not 0 < int(found["port"]) <= 65535:
            raise UsageError(
                f"--pacs is '{text}'; expected where maps are sent, as in PACS@pacs.example.org:104."
            )
        require_title("pacs", found["title"])
        return cls(found["title"], found["host"].strip("[]"), int(found["port"]))


@dataclass(frozen=True)
class NodeSettings:
    """Who may send to the node, where maps go, and how long what is kept."""

    pacs: str = ""
    """Where maps are sent, as in PACS@pacs.example.org:104."""
    allowed: tuple[str, ...] = ()
    """AE titles that may send or echo; several words, or one with commas."""
    ae_title: str = "CBVSYNTH"
    """The node's own AE title, by which it must be called."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every one of this machine."""
    port: int = 11112
    """Port to listen on; 0 for any that is free."""
    folder: Path = Path("artifacts/node")
    """Where the journal, and images until they are deleted, lie; one node a folder."""
    quiet_s: float = 120.0
    """Time without a new image after which a study counts as complete, seconds."""
    send: tuple[Part, ...] = (Part.MAP, Part.SERIES, Part.PICTURES)
    """What is sent of a result: the Parametric Map, the series of MR images, the colour pictures."""
    prefer: tuple[str, ...] = ()
    """Which of several series (3d, ax, series-7) to take where two may be meant, the first first."""
    uid_root: str = ""
    """Your organisation's root of DICOM UIDs, as in 1.2.840.99999; random ones under 2.25 when not given."""
    keep_hours: float = 24.0
    """Hours after which the images of a study whose map was sent are deleted, with the map."""
    keep_failed_days: float = 30.0
    """Days after which the images of a study that could not be worked on are deleted."""
    remember_days: float = 365.0
    """Days after which the journal forgets a study that is over; it holds no image and no name."""
    max_instance_mb: float = 512.0
    """Largest DICOM object that is taken, MB."""
    max_instances: int = 10_000
    """Most objects of one study."""
    max_voxels_million: float = 64.0
    """Most voxels that one object, or one series, may declare, in millions."""
    max_disk_gb: float = 50.0
    """Most that images and results may take on the disk, GB; beyond, the node answers that it is full."""
    max_associations: int = 10
    """Most senders at a time."""
    idle_s: float = 60.0
    """Time after which a silent connection is closed, seconds."""
    retry_s: float = 30.0
    """Time before sending, or asking for a model, is tried again, seconds; it doubles each time."""
    retry_max_s: float = 3600.0
    """Longest time between two tries, seconds; there is no last one."""
    drain_s: float = 60.0
    """Time that open associations and the present study are given when the node is told to stop, seconds."""
    tls_certificate: Path | None = None
    """PEM file of the node's certificate; with --tls_key the node speaks TLS, to senders and to the PACS."""
    tls_key: Path | None = None
    """PEM file of the certificate's key, without a password."""
    tls_clients: Path | None = None
    """PEM file of the authority whose certificates senders must show; they need none when not given."""
    tls_pacs: Path | None = None
    """PEM file of the authority that vouches for the PACS; maps are sent over TLS when it is given."""

    def __post_init__(self) -> None:
        require_title("ae_title", self.ae_title)
        for title in self.titles:
            require_title("allowed", title)
        require_range("port", self.port, 0, 65535)
        for name, low, high in (
            ("quiet_s", 0.1, 86_400),
            ("keep_hours", 0.001, 87_600),
            ("keep_failed_days", 0.001, 3650),
            ("remember_days", 0.001, 36_500),
            ("max_instance_mb", 0.001, 4000),
            ("max_instances", 1, 1_000_000),
            ("max_voxels_million", 0.001, 500),
            ("max_disk_gb", 0.001, 1_000_000),
            ("max_associations", 1, 1000),
            ("idle_s", 1, 3600),
            ("retry_s", 0.1, LONGEST_WAIT_S),
            ("retry_max_s", 0.1, LONGEST_WAIT_S),
            ("drain_s", 0, 3600),
        ):
            require_range(name, getattr(self, name), low, high)

    @property
    def titles(self) -> tuple[str, ...]:
        """AE titles that may send, one each."""
        return tuple(filter(None, (title.strip() for text in self.allowed for title in text.split(","))))

    def peer(self) -> Peer:
        """Where maps are sent.

        Raises:
            UsageError: it is not given, nobody may send, nothing would be sent, or TLS is asked for by half.
        """
        if not self.pacs:
            raise UsageError(
                "There is no --pacs; give where maps are sent, as in --pacs PACS@pacs.example.org:104."
            )
        if not self.titles:
            raise UsageError(
                "There is no --allowed; give the AE titles that may send studies, as in --allowed PACS MR1."
            )
        if not self.send:
            raise UsageError(f"--send is empty; expected some of {', '.join(Part)}.")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise UsageError("--tls_certificate and --tls_key go together; give both, or neither.")
        if self.tls_clients is not None and self.tls_certificate is None:
            raise UsageError(
                "--tls_clients needs --tls_certificate and --tls_key: a certificate is shown over TLS only."
            )
        return Peer.parse(self.pacs)


def require_title(flag: str, title: str) -> None:
    """Refuse what is no AE title.

    Raises:
        UsageError: it is empty, longer than 16 characters, or holds others than the standard allows.
    """
    if not 0 < len(title) <= LONGEST_TITLE or not title.isascii() or not title.isprintable() or "\\" in title:
        raise UsageError(
            f"--{flag} holds {title!a}; expected an AE title: at most {LONGEST_TITLE} ASCII characters "
            "without a backslash."
        )
