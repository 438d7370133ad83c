"""What each model costs and brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cbvsynth.domain.pareto import pareto_front
from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.tables.formats import DASH, mean_sd, number

COST_HEADER = (
    "model", "sequences", "SSIM, %", "parameters", "train, s", "export, s", "score, s", "on", "on a front",
)  # fmt: skip


@dataclass(frozen=True)
class ModelCost:
    """One trained model: SSIM in percent, seconds of each phase (NaN where not recorded)."""

    model: ModelId
    ssim_mean: float
    ssim_sd: float
    parameters: int
    train_s: float
    export_s: float
    score_s: float
    device: str

    @property
    def sequences(self) -> int:
        """How many sequences must be acquired for it."""
        return len(self.model.combination.sequences)


def by_sequences(costs: Sequence[ModelCost]) -> tuple[int, ...]:
    """Places on the front of SSIM against number of sequences."""
    return pareto_front([one.sequences for one in costs], [one.ssim_mean for one in costs])


def by_time(costs: Sequence[ModelCost]) -> tuple[int, ...]:
    """Places on the front of SSIM against training time."""
    return pareto_front([one.train_s for one in costs], [one.ssim_mean for one in costs])


def cost_rows(costs: Sequence[ModelCost]) -> list[tuple[str, ...]]:
    """Models from best to worst."""
    sequences, time = by_sequences(costs), by_time(costs)
    rows: list[tuple[str, ...]] = []
    for place in sorted(range(len(costs)), key=lambda one: -costs[one].ssim_mean):
        cost = costs[place]
        fronts = [name for name, front in (("sequences", sequences), ("time", time)) if place in front]
        rows.append(
            (
                cost.model.slug,
                str(cost.sequences),
                mean_sd(cost.ssim_mean, cost.ssim_sd),
                f"{cost.parameters}",
                number(cost.train_s, 1),
                number(cost.export_s, 1),
                number(cost.score_s, 1),
                cost.device or DASH,
                ", ".join(fronts) or DASH,
            )
        )
    return rows
