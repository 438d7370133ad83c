"""What the proofs can be asked for; light, so that a command line starts at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.ranges import MAX_PORT, MAX_WAIT_S, require_range
from cbvsynth.entrypoint import Plain


@dataclass(frozen=True)
class DemoOptions:
    """Serve what a finished run has promoted, and ask it for the map of one held-out examination."""

    artifacts: Path = Path("artifacts")
    """Folder of the run's results; models/ and serve/ in it are written."""
    data: Path = Path("data")
    """Data root of the run, to name an examination's files in the example of a command."""
    registered_name: str = "cbvsynth"
    """Registered model."""
    port: int = 8500
    """gRPC port of the server."""
    rest_api_port: int = 8501
    """HTTP port of the server."""
    wait_s: float = 120.0
    """Seconds that the server may take to load all models."""
    once: Plain = 0
    """End after the prediction instead of serving until Ctrl-C."""

    def __post_init__(self) -> None:
        require_range("port", self.port, 1, MAX_PORT)
        require_range("rest_api_port", self.rest_api_port, 1, MAX_PORT)
        require_range("wait_s", self.wait_s, 0.01, MAX_WAIT_S)


@dataclass(frozen=True)
class SkewOptions:
    """Ask every model of a finished run over gRPC for what it was scored on, and compare."""

    artifacts: Path = Path("artifacts")
    """Folder of the run's results; nothing in it is written."""
    models: tuple[str, ...] = ()
    """Models to look at, as in encdec-t1-t1c; by default every trained one."""
    examinations: int = 0
    """Examinations per model; 0 is all."""
    wait_s: float = 300.0
    """Seconds that the server may take to load all models."""

    def __post_init__(self) -> None:
        require_range("examinations", self.examinations, 0, 1_000_000)
        require_range("wait_s", self.wait_s, 0.01, MAX_WAIT_S)
