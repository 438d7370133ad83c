"""Table 2 as a picture, in the form of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.pages.tables.table2 import Table2Row
from cbvsynth.theme.charts import house_style, save_png
from cbvsynth.theme.colours import FAINT, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOTE = (
    "Mean ± SD over held-out examinations; the best of each column is bold. "
    "The paper's cohort, units and dynamic range are its own."
)


def draw_table2(path: Path, rows: Sequence[Table2Row]) -> None:
    """Write Table 2 as PNG: a dot under every sequence that is used."""
    from matplotlib.figure import Figure

    owners = ["ours" if ours else "paper" for ours in rows[0].is_ours]
    headers = [*(sequence.label for sequence in PAPER_SEQUENCES), *owners]
    edges = np.cumsum([0, *[0.62] * len(PAPER_SEQUENCES), *[1.5] * len(owners)])
    centres = (edges[:-1] + edges[1:]) / 2
    with house_style():
        figure = Figure(figsize=(edges[-1] + 0.3, 0.232 * (len(rows) + 5.0)))
        ax = figure.add_axes((0.01, 0.0, 0.98, 1.0))
        ax.set_axis_off()
        ax.set_xlim(0, edges[-1])
        ax.set_ylim(len(rows) + 1.6, -3.0)
        first = len(PAPER_SEQUENCES)
        for algorithm in rows[0].ours:
            width = rows[0].width(algorithm)
            ax.text(
                centres[first : first + width].mean(),
                -2.0,
                f"{algorithm.label}\nSSIM, %",
                ha="center",
                va="center",
                weight="bold",
                fontsize=9,
            )
            first += width
        for centre, header in zip(centres, headers, strict=True):
            ax.text(centre, -0.85, header, ha="center", va="center", weight="bold", fontsize=8.5)
        _draw_body(ax, rows, centres, float(edges[-1]))
        ax.text(0, len(rows) + 1.0, _NOTE, ha="left", va="center", fontsize=8, color=MUTED)
        save_png(figure, path)


def _draw_body(ax: Axes, rows: Sequence[Table2Row], centres: npt.NDArray[np.float64], width: float) -> None:
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
        for centre, cell, ours in zip(centres[len(row.dots) :], row.cells, row.is_ours, strict=True):
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
