"""What sync can be asked for; light, so that a command line starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cbvsynth.domain.ranges import MAX_PORT, MAX_WAIT_S, require_range
from cbvsynth.entrypoint import Plain
from cbvsynth.errors import UsageError


class Mode(StrEnum):
    """How much is served."""

    CHAMPION = "champion"
    FALLBACK = "fallback"
    ALL = "all"


@dataclass(frozen=True)
class SyncOptions:
    """Bring what the model registry names to the folder that a prediction server reads.

    Every file is checked against the digests stored at promotion before it is published. The registry is
    the one of MLFLOW_TRACKING_URI, or mlflow.db here.
    """

    once: Plain = 0
    """Do it once and exit."""
    watch: Plain = 0
    """Repeat it until SIGTERM or Ctrl-C."""
    base_path: Path = Path("artifacts/models")
    """Folder for models.config, selection.json and the versions."""
    served_path: str = ""
    """The same folder as the server sees it, where it is mounted at another place; absolute."""
    registered_name: str = "cbvsynth"
    """Registered model."""
    mode: Mode = Mode.FALLBACK
    """champion: it and what it replaced. fallback: also the best for every set of available sequences.
    all: every version."""
    keep: int = 2
    """Versions that stay on the disk although they are no longer served."""
    interval_s: float = 30.0
    """Seconds between two looks at the registry, and what a server may take to see a new models.config."""
    server: str = ""
    """Prediction server, host:port; labels then move as soon as it has loaded the new versions and answers
    their golden requests rightly. Without it they move after an interval."""
    wait_s: float = 300.0
    """Seconds that the server may take to load the new versions."""
    status_port: int = 0
    """With --watch: answer GET /started and /metrics on this port; 0: do not."""

    def __post_init__(self) -> None:
        if bool(self.once) == bool(self.watch):
            raise UsageError("Expected either --once or --watch.")
        require_range("keep", self.keep, 0, 1_000_000)
        # A look at the registry costs a few requests; more than a hundred in a second help nobody.
        require_range("interval_s", self.interval_s, 0.01, MAX_WAIT_S)
        require_range("wait_s", self.wait_s, 0.01, MAX_WAIT_S)
        require_range("status_port", self.status_port, 0, MAX_PORT)
