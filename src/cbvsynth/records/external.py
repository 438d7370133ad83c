"""external.json: how a registered version did on a study from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.drift import Shift
from cbvsynth.domain.selection.records import Check, Checked
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.records.json_codec import JsonFile

EXTERNAL_FILE = "external.json"


@dataclass(frozen=True)
class ScannerGroup:
    """The examinations of one site or scanner; means are None where there is nothing to average.

    Lesion values over the examinations with a lesion, in the target's unit; `drifted` names the inputs in
    which these patients differ from those that the model learned from.
    """

    scanner: str
    examinations: int
    patients: int
    ssim_mean: float | None
    ssim_sd: float | None
    mae_brain: float | None
    lesion_examinations: int
    lesion_bias: float | None
    lesion_error: float | None
    drifted: tuple[str, ...]


@dataclass(frozen=True)
class ExternalResult(Checked):
    """A version on a site: the checks of the gate, by scanner, and what is unlike the training data."""

    site: str
    registered_name: str
    version: int
    model: str
    saved_model_digest: str
    target_unit: str
    data_range: float
    trained_on: str
    """Version of the data that the model saw."""
    data_fingerprint: str
    """Version of the data of this site."""
    found: int
    dropped: Mapping[str, int]
    """Group of reasons -> examinations that validate left out."""
    left_out: Mapping[str, str]
    """Accepted examinations that could not be scored, and why."""
    scored: int
    patients: int
    lesions: int
    settings: GateSettings
    checks: tuple[Check, ...]
    groups: tuple[ScannerGroup, ...]
    inputs: tuple[Shift, ...]
    outputs: tuple[Shift, ...]
    unlike_training: Mapping[str, int]
    """What a shape or voxel size is outside of, in words -> examinations."""
    notes: tuple[str, ...]
    """What was not asked, and why; what must be known before the numbers."""

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the inputs and outputs that drift."""
        return tuple(shift.quantity for shift in (*self.inputs, *self.outputs) if shift.drifts)


_FILE = JsonFile(
    ExternalResult, "the result of an external set", maker="'cbvsynth score'", version=1, derived=("passes",)
)


def write_external(path: Path, result: ExternalResult) -> None:
    """Write external.json atomically."""
    _FILE.write(path, result)


def read_external(path: Path) -> ExternalResult:
    """Read what `write_external` wrote.

    Raises:
        ResultError: the file is missing, damaged or contradicts itself.
    """
    return _FILE.read(path)
