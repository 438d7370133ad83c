"""What the page is told by its flags."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cbvsynth.domain.ranges import require_range
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import UsageError
from cbvsynth.page.viewer import PACKAGE_FILE
from cbvsynth.study.dicom_output.uids import NewUids

LEAST_TOKEN_CHARACTERS = 16
"""Of a token; fewer can be guessed. Our choice."""


@dataclass(frozen=True)
class PageSettings:
    """Where the page is, what it takes, and how long it keeps it."""

    host: str = "127.0.0.1"
    """Address to listen on; another than this machine's own needs --token_file and --hosts."""
    port: int = 8090
    """Port to listen on; 0 for any that is free."""
    folder: Path = Path("artifacts/page")
    """Where uploads and maps lie until they are deleted."""
    keep_hours: float = 24.0
    """Hours after which an examination is deleted with everything made of it."""
    max_upload_mb: float = 2000.0
    """Largest upload of one examination, all files together, in MB."""
    max_files: int = 5000
    """Most files of one examination."""
    max_voxels_million: float = 64.0
    """Most voxels that the header of one image may declare, in millions."""
    max_studies: int = 20
    """Most examinations of one visitor at a time."""
    token_file: Path | None = None
    """File that holds the token which visitors are asked for; none by default on this machine alone."""
    hosts: tuple[str, ...] = ()
    """Names by which browsers reach the page through a proxy, as in cbv.example.org."""
    data: Path = Path("data")
    """Study whose examinations can be chosen instead of an upload, as the phantom's; none where it is not."""
    model_cards: Path = Path("artifacts/promote/model_cards")
    """Folder of the model cards that promote wrote, shown beside a map; nothing where none is."""
    lesion_threshold: float = GateSettings.lesion_threshold
    """CBV in the model's unit: a region whose interval spans it is undecided, where a model says how sure it
    is; evaluate's."""
    uid_root: str = ""
    """Your organisation's root of DICOM UIDs, as in 1.2.840.99999; random ones under 2.25 when not given."""
    viewer: Path = Path("artifacts/page") / PACKAGE_FILE
    """NiiVue's npm package, as `npm pack @niivue/niivue@0.69.0` brings it."""

    def __post_init__(self) -> None:
        require_range("port", self.port, 0, 65535)
        require_range("keep_hours", self.keep_hours, 0.001, 8760)
        require_range("max_upload_mb", self.max_upload_mb, 0.001, 100_000)
        require_range("max_files", self.max_files, 1, 100_000)
        require_range("max_voxels_million", self.max_voxels_million, 0.001, 500)
        require_range("max_studies", self.max_studies, 1, 1000)
        require_range("lesion_threshold", self.lesion_threshold, 0.001, 1000)
        NewUids(self.uid_root)  # says what is wrong with it
        if not self.is_loopback and (self.token_file is None or not self.hosts):
            raise UsageError(
                f"--host {self.host} can be reached from other machines; expected --token_file and --hosts "
                "with it, and a proxy that speaks TLS before it. Give them, or listen on 127.0.0.1."
            )

    @property
    def new_uids(self) -> NewUids:
        """What numbers the DICOM objects that are made."""
        return NewUids(self.uid_root)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the page."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def token(self) -> str:
        """What visitors are asked for; empty where nothing is.

        Raises:
            UsageError: the file cannot be read, or its token is too short.
        """
        if self.token_file is None:
            return ""
        try:
            token = self.token_file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--token_file '{self.token_file}' cannot be read; expected a text with the token."
            ) from error
        if len(token) < LEAST_TOKEN_CHARACTERS:
            raise UsageError(
                f"The token has {len(token)} characters; expected at least {LEAST_TOKEN_CHARACTERS}. Make "
                "one with 'openssl rand -hex 32'."
            )
        return token
