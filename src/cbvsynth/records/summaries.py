"""summary.json: what train says about one model, read by evaluate, promote and people.

It holds no time and no duration, so that the same training gives the same bytes; what a model cost is
in `cbvsynth.records.costs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.records.json_codec import JsonFile
from cbvsynth.records.origins import NOT_RECORDED, Origin


@dataclass(frozen=True)
class TrainSummary:
    """One trained, exported and scored model."""

    model: str
    algorithm: str
    sequences: tuple[str, ...]
    target_unit: str
    data_range: float
    """SSIM's dynamic range and the CBV that the network sees as 1, target unit."""
    ssim_conventions: Mapping[str, str]
    preprocessing_version: str
    data_fingerprint: str
    settings: Mapping[str, str | int | float]
    """Every hyper-parameter, as in TrainConfig."""
    seed_used: int
    restarts: int
    epochs: int
    steps: int
    parameters: int
    train_examinations: int
    held_out_examinations: int
    means: Mapping[str, float | None]
    """Mean of every numeric score column over the held-out examinations; None where all are NaN."""
    sds: Mapping[str, float | None]
    versions: Mapping[str, str]
    """Versions of cbvsynth, tensorflow and keras."""
    saved_model_sha256: Mapping[str, str]
    saved_model_digest: str
    origin: Origin = NOT_RECORDED
    """Who made the study that the model learned from."""


_FILE = JsonFile(TrainSummary, "the summary of a trained model", maker="train", version=1)


def write_summary(path: Path, summary: TrainSummary) -> None:
    """Write summary.json atomically."""
    _FILE.write(path, summary)


def read_summary(path: Path) -> TrainSummary:
    """Read what `write_summary` wrote.

    Raises:
        ResultError: the file is missing, damaged or of another format.
    """
    return _FILE.read(path)
