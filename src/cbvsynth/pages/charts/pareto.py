"""Pareto fronts: which models nobody beats for what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.pages.tables.costs import ModelCost, by_sequences, by_time
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import ALGORITHM_COLOURS, ALGORITHM_MARKERS, FAINT, MUTED


def pareto_charts(costs: Sequence[ModelCost]) -> list[Chart]:
    """SSIM against the number of sequences and, where it is known, against training time."""
    counts = [float(one.sequences) for one in costs]
    charts = [_chart(costs, counts, by_sequences(costs), "sequences", "Number of sequences")]
    timed = [one for one in costs if math.isfinite(one.train_s) and one.train_s > 0]
    if timed:
        seconds = [one.train_s for one in timed]
        charts.append(_chart(timed, seconds, by_time(timed), "training time", "Training time, s"))
    most = max(len(PAPER_SEQUENCES), *(one.sequences for one in costs))
    charts[0].figure.axes[0].set(xlim=(0.6, most + 0.4), xticks=range(1, most + 1))
    return charts


def _chart(
    costs: Sequence[ModelCost], paid: Sequence[float], front: Sequence[int], name: str, label: str
) -> Chart:
    from matplotlib.figure import Figure

    ssim = [cost.ssim_mean for cost in costs]
    tips = {}
    with house_style():
        figure = Figure(figsize=(5.0, 3.9), layout="constrained")
        ax = figure.subplots()
        ax.grid(axis="y", color=FAINT, linewidth=0.6)
        ax.set_axisbelow(True)
        corners = ([values[place] for place in front] for values in (paid, ssim))
        ax.step(*corners, where="post", color=MUTED, linestyle="--", zorder=1)
        for algorithm, on_front in product(ALGORITHM_MARKERS, (True, False)):
            chosen = [
                place
                for place, cost in enumerate(costs)
                if cost.model.algorithm is algorithm and (place in front) is on_front
            ]
            if not chosen:
                continue
            gid = f"{algorithm}-{'front' if on_front else 'behind'}"
            tips[gid] = [f"{costs[place].model.slug}: {ssim[place]:.2f} %" for place in chosen]
            ax.scatter(
                [paid[place] for place in chosen],
                [ssim[place] for place in chosen],
                s=52 if on_front else 20,
                color=ALGORITHM_COLOURS[algorithm],
                marker=ALGORITHM_MARKERS[algorithm],
                alpha=0.85,
                edgecolors="white",
                linewidths=0.5,
                gid=gid,
            )
        for algorithm, shape in ALGORITHM_MARKERS.items():
            ax.plot([], [], shape, color=ALGORITHM_COLOURS[algorithm], label=algorithm.label)
        ax.set_xlabel(label)
        ax.set_ylabel("Mean SSIM, %")
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    best = ", ".join(costs[place].model.slug for place in front)
    caption = f"SSIM against {name}. On the front, where no other model gives more for less: {best}."
    return Chart(figure, f"Pareto front of SSIM and {name}", caption, tips)
