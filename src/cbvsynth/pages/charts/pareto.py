"""Pareto fronts: which models nobody beats for what they cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

from cbvsynth.pages.tables.costs import ModelCost, by_sequences, by_time
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import ALGORITHM_COLOURS, ALGORITHM_MARKERS, FAINT, MUTED


def pareto_charts(costs: Sequence[ModelCost]) -> list[Chart]:
    """SSIM against the number of sequences and, where it is known, against training time."""
    charts = [
        _chart(
            costs, lambda one: float(one.sequences), by_sequences(costs), "Number of sequences", "sequences"
        )
    ]
    timed = [one for one in costs if math.isfinite(one.train_s) and one.train_s > 0]
    if timed:
        charts.append(
            _chart(timed, lambda one: one.train_s, by_time(timed), "Training time, s", "training time")
        )
    return charts


def _chart(
    costs: Sequence[ModelCost],
    cost_of: Callable[[ModelCost], float],
    front: Sequence[int],
    label: str,
    name: str,
) -> Chart:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with house_style():
        figure = Figure(figsize=(5.0, 3.9), layout="constrained")
        ax = figure.subplots()
        ax.grid(axis="y", color=FAINT, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.step(
            [cost_of(costs[place]) for place in front],
            [costs[place].ssim_mean for place in front],
            where="post",
            color=MUTED,
            linestyle="--",
            zorder=1,
        )
        tips = {}
        for algorithm, on_front in product(ALGORITHM_MARKERS, (True, False)):
            chosen = [
                cost
                for place, cost in enumerate(costs)
                if cost.model.algorithm is algorithm and (place in front) is on_front
            ]
            if chosen:
                gid = f"{algorithm}-{on_front}"
                tips[gid] = [f"{cost.model.slug}: {cost.ssim_mean:.2f} %" for cost in chosen]
                ax.scatter(
                    [cost_of(cost) for cost in chosen],
                    [cost.ssim_mean for cost in chosen],
                    s=52 if on_front else 20,
                    color=ALGORITHM_COLOURS[algorithm],
                    marker=ALGORITHM_MARKERS[algorithm],
                    alpha=0.85,
                    edgecolors="white",
                    linewidths=0.5,
                    gid=gid,
                )
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel(label)
        ax.set_ylabel("Mean SSIM, %")
        for algorithm in ALGORITHM_MARKERS:
            shape, colour = ALGORITHM_MARKERS[algorithm], ALGORITHM_COLOURS[algorithm]
            ax.plot([], [], linestyle="", marker=shape, color=colour, label=algorithm.label)
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    best = ", ".join(costs[place].model.slug for place in front)
    caption = f"SSIM against {name}. On the front, where no other model gives more for less: {best}."
    return Chart(figure, f"Pareto front of SSIM and {name}", caption, tips)
