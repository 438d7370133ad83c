"""What training one model cost: <checkpoints>/<model>/cost.json.

It stands beside the checkpoint and not among the results, so that the same training gives the same
results, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cbvsynth.errors import ResultError
from cbvsynth.records.storage import write_json

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


def write_cost(folder: Path, cost: TrainingCost) -> None:
    """Write a model's cost into its checkpoint folder, atomically."""
    write_json(folder / COST_FILE, asdict(cost))


def read_cost(folder: Path) -> TrainingCost | None:
    """Read a model's cost; None where it was never trained to the end.

    Raises:
        ResultError: the file is there but is not a cost.
    """
    try:
        content = json.loads((folder / COST_FILE).read_text(encoding="utf-8"))
        seconds = {
            item.name: float(content[item.name]) for item in fields(TrainingCost) if item.name != "device"
        }
        return TrainingCost(**seconds, device=str(content["device"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"{folder.name}/{COST_FILE} is not the cost of a training run ({error!r}); expected what train "
            "wrote. Delete the file."
        ) from error
