"""summary.json: what train says about one model, read by evaluate, promote and people.

It holds no time and no duration, so that the same training gives the same bytes; what a model cost is
in the ledger (`cbvsynth.records.ledger`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cbvsynth.errors import ResultError
from cbvsynth.records.storage import write_json

SUMMARY_FORMAT = 1


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


def write_summary(path: Path, summary: TrainSummary) -> None:
    """Write summary.json atomically."""
    write_json(path, {"format": SUMMARY_FORMAT, **asdict(summary)})


def read_summary(path: Path) -> TrainSummary:
    """Read what `write_summary` wrote.

    Raises:
        ResultError: the file is missing, damaged or of another format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content.pop("format")
        if found != SUMMARY_FORMAT:
            raise ResultError(f"{path} has format {found}, expected {SUMMARY_FORMAT}. Run train again.")
        content["sequences"] = tuple(content["sequences"])
        return TrainSummary(**content)
    except FileNotFoundError as error:
        raise ResultError(f"{path} does not exist; run train first.") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ResultError(
            f"{path} is not the summary of a trained model ({error}); run train again."
        ) from error
