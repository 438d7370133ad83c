"""Charts of a sweep: SSIM by combination, agreement of lesion CBV, and Table 2 as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cbvsynth.domain.selection.leaderboard import LeaderboardRow
from cbvsynth.domain.sequences import Combination, ModelId
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.pages.colours import ALGORITHM_COLOURS, ALGORITHM_MARKERS, FAINT, INK, MUTED
from cbvsynth.pages.figures import STYLE, save_png
from cbvsynth.pages.table2 import ALGORITHMS, Table2Row

_TABLE2_NOTE = (
    "Mean ± SD over held-out examinations; the best of each column is bold. "
    "The paper's cohort, units and dynamic range are its own."
)
_BASELINE_LINES = ("--", ":", "-.")


def draw_ssim_by_combination(
    path: Path, rows: Sequence[LeaderboardRow], baselines: Sequence[LeaderboardRow], column: str
) -> None:
    """Write a dot for each model, mean ± SD in percent, above a matrix of the sequences it reads.

    Combinations are ordered by their better algorithm, best first.
    """
    models = {ModelId.parse(row.model): row for row in rows}
    order = _by_best_mean(models, column)
    with rc_context(STYLE):
        figure = Figure(figsize=(max(5.2, 2.0 + 0.34 * len(order)), 6.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1.3))
        _draw_dots(upper, models, order, column)
        for baseline, dashes in zip(baselines, _BASELINE_LINES, strict=False):
            value = 100 * baseline.mean[column]
            if not math.isnan(value):
                upper.axhline(
                    value, color=MUTED, linestyle=dashes, linewidth=1.2, label=f"{baseline.model} map"
                )
        upper.set_ylabel(f"{column}, %\nmean ± SD, {rows[0].examinations} examinations")
        upper.set_title("SSIM by sequences")
        upper.legend(loc="best", fontsize=9)
        upper.grid(axis="y", color=FAINT, linewidth=0.6)
        upper.set_axisbelow(True)
        upper.tick_params(axis="x", length=0)
        _draw_matrix(lower, order)
        save_png(figure, path)


def _by_best_mean(models: Mapping[ModelId, LeaderboardRow], column: str) -> list[Combination]:
    best: dict[Combination, float] = {}
    for model, row in models.items():
        mean = row.mean[column]
        value = -math.inf if math.isnan(mean) else mean
        best[model.combination] = max(best.get(model.combination, -math.inf), value)
    return sorted(
        best, key=lambda combination: (-best[combination], len(combination.sequences), combination.slug)
    )


def _draw_dots(
    ax: Axes, models: Mapping[ModelId, LeaderboardRow], order: Sequence[Combination], column: str
) -> None:
    for algorithm, shift in zip(ALGORITHMS, (-0.14, 0.14), strict=True):
        places = [place for place, chosen in enumerate(order) if ModelId(algorithm, chosen) in models]
        if not places:
            continue
        chosen_rows = [models[ModelId(algorithm, order[place])] for place in places]
        ax.errorbar(
            np.asarray(places) + shift,
            [100 * row.mean[column] for row in chosen_rows],
            yerr=[0.0 if math.isnan(row.sd[column]) else 100 * row.sd[column] for row in chosen_rows],
            fmt=ALGORITHM_MARKERS[algorithm],
            color=ALGORITHM_COLOURS[algorithm],
            ecolor=ALGORITHM_COLOURS[algorithm] + "55",
            elinewidth=1.2,
            markersize=5.5,
            label=algorithm.label,
        )


def _draw_matrix(ax: Axes, order: Sequence[Combination]) -> None:
    sequences = list(MriSequence)
    for line in range(0, len(sequences), 2):
        ax.axhspan(line - 0.5, line + 0.5, color="#f3f3f3", zorder=0)
    uses = np.array([[name in chosen.sequences for name in sequences] for chosen in order])
    for chosen, size, colour in ((~uses, 26, FAINT), (uses, 34, INK)):
        places, lines = np.nonzero(chosen)
        ax.scatter(places, lines, s=size, color=colour, zorder=3)
    first, last = uses.argmax(axis=1), len(sequences) - 1 - uses[:, ::-1].argmax(axis=1)
    ax.vlines(np.arange(len(order)), first, last, color=INK, linewidth=1.6, zorder=2)
    ax.set_yticks(range(len(sequences)), [sequence.label for sequence in sequences])
    ax.set_ylim(len(sequences) - 0.5, -0.5)
    ax.set_xlim(-0.7, len(order) - 0.3)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)


def draw_table2(path: Path, rows: Sequence[Table2Row]) -> None:
    """Write Table 2 as a picture, in the form of the paper: a dot under every sequence that is used."""
    headers = [*(sequence.label for sequence in MriSequence), "ours", "paper", "ours", "paper"]
    edges = np.cumsum([0, *[0.62] * len(MriSequence), *[1.5] * 4])
    centres = (edges[:-1] + edges[1:]) / 2
    with rc_context(STYLE):
        figure = Figure(figsize=(edges[-1] + 0.3, 0.232 * (len(rows) + 4.6)))
        ax = figure.add_axes((0.01, 0.0, 0.98, 1.0))
        ax.set_axis_off()
        ax.set_xlim(0, edges[-1])
        ax.set_ylim(len(rows) + 1.6, -2.6)
        first = len(MriSequence)
        for number, algorithm in enumerate(ALGORITHMS):
            middle = (centres[first + 2 * number] + centres[first + 2 * number + 1]) / 2
            ax.text(
                middle,
                -2.0,
                f"{algorithm.label}\nSSIM, %",
                ha="center",
                va="center",
                weight="bold",
                fontsize=9,
            )
        for centre, header in zip(centres, headers, strict=True):
            ax.text(centre, -0.85, header, ha="center", va="center", weight="bold", fontsize=8.5)
        _draw_table2_body(ax, rows, centres, float(edges[-1]))
        ax.text(0, len(rows) + 1.0, _TABLE2_NOTE, ha="left", va="center", fontsize=8, color=MUTED)
        save_png(figure, path)


def _draw_table2_body(
    ax: Axes, rows: Sequence[Table2Row], centres: npt.NDArray[np.float64], width: float
) -> None:
    ax.hlines((-0.35, len(rows) + 0.05), 0, width, color=INK, linewidth=1.0)
    dots = np.array([[bool(dot) for dot in row.dots] for row in rows])
    lines, columns = np.nonzero(dots)
    ax.scatter(centres[columns], lines + 0.15, s=24, color=INK)
    previous = 1
    for line, row in enumerate(rows):
        size = len(row.combination.sequences)
        if size != previous:
            ax.hlines(line - 0.5 + 0.15, 0, width, color=FAINT, linewidth=0.8)
        previous = size
        place = line + 0.15
        for centre, cell, ours in zip(centres[len(row.dots) :], row.cells, (True, False) * 2, strict=True):
            ax.text(
                centre,
                place,
                cell.text,
                ha="center",
                va="center",
                fontsize=8.5,
                weight="bold" if cell.best else "normal",
                color=INK if ours else MUTED,
            )
