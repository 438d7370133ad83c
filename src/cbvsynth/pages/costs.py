"""What each model costs and brings: table and Pareto fronts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from cbvsynth.domain.pareto import pareto_front
from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.colours import ALGORITHM_COLOURS, ALGORITHM_MARKERS, MUTED
from cbvsynth.pages.svg import BOTTOM, Plot, Scale, fitted, legend_height
from cbvsynth.pages.tables import DASH, mean_sd, number

COST_HEADER = (
    "model", "sequences", "SSIM, %", "parameters", "train, s", "export, s", "score, s", "on", "on a front",
)  # fmt: skip

_LEGEND_COLUMNS = 2


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


def pareto_charts(costs: Sequence[ModelCost]) -> list[tuple[Markup, str]]:
    """SSIM against number of sequences and against training time, each with its caption."""
    counts = Scale("Number of sequences", 0.6, 5.4, (1, 2, 3, 4, 5), digits=0)
    charts = [_chart(costs, counts, lambda one: float(one.sequences), by_sequences(costs), "sequences")]
    timed = [one for one in costs if math.isfinite(one.train_s) and one.train_s > 0]
    if timed:
        chosen = by_time(timed)
        scale = fitted("Training time, s", [one.train_s for one in timed])
        charts.append(_chart(timed, scale, lambda one: one.train_s, chosen, "training time"))
    return charts


def _chart(
    costs: Sequence[ModelCost],
    x: Scale,
    cost_of: Callable[[ModelCost], float],
    front: Sequence[int],
    name: str,
) -> tuple[Markup, str]:
    best = ", ".join(costs[place].model.slug for place in front)
    caption = f"SSIM against {name}. On the front, where no other model gives more for less: {best}."
    legend = legend_height(len(ALGORITHM_MARKERS), _LEGEND_COLUMNS)
    plot = Plot(
        x,
        fitted("Mean SSIM, %", [one.ssim_mean for one in costs]),
        title=f"Pareto front of SSIM and {name}",
        description=caption,
        width=460,
        height=340 + legend,
        bottom=BOTTOM + legend,
    )
    places = [(cost_of(costs[one]), costs[one].ssim_mean) for one in front]
    steps = [point for before, after in pairwise(places) for point in (before, (after[0], before[1]))]
    plot.line([*steps, *places[-1:]], colour=MUTED, dashes="4 3")
    for place, cost in enumerate(costs):
        algorithm = cost.model.algorithm
        plot.marker(
            (cost_of(cost), cost.ssim_mean),
            shape=ALGORITHM_MARKERS[algorithm],
            colour=ALGORITHM_COLOURS[algorithm],
            size=5.5 if place in front else 3.5,
            tip=f"{cost.model.slug}: {cost.ssim_mean:.2f} %",
        )
    plot.legend_below(
        [(ALGORITHM_MARKERS[one], ALGORITHM_COLOURS[one], one.label) for one in ALGORITHM_MARKERS],
        columns=_LEGEND_COLUMNS,
    )
    return plot.markup(), caption
