"""What training one model cost: <checkpoints>/<model>/cost.json.

It stands beside the checkpoint and not among the results, so that the same training gives the same
results, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbvsynth.records.json_codec import JsonFile

COST_FILE = "cost.json"


@dataclass(frozen=True)
class TrainingCost:
    """Seconds of each phase of the step train, and what it ran on."""

    train_s: float
    """Training, over all restarts and resumptions."""
    export_s: float
    """Export, reading back, and the golden request."""
    score_s: float
    """Synthesis and scores of the held-out examinations."""
    device: str

    @property
    def total_s(self) -> float:
        """All phases together."""
        return self.train_s + self.export_s + self.score_s


_FILE = JsonFile(TrainingCost, "the cost of a training run", maker="train", remedy="Delete the file.")


def write_cost(folder: Path, cost: TrainingCost) -> None:
    """Write a model's cost into its checkpoint folder, atomically."""
    _FILE.write(folder / COST_FILE, cost)


def read_cost(folder: Path) -> TrainingCost | None:
    """Read a model's cost; None where its training has not finished.

    Raises:
        ResultError: the file is there but is not a cost.
    """
    return _FILE.read_if_there(folder / COST_FILE)
