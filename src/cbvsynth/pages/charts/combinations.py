"""SSIM of every model as a box, above a matrix of the sequences it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import LeaderboardRow, column_values, rank_models
from cbvsynth.domain.sequences import (
    OPTIONAL_SEQUENCES,
    PAPER_ALGORITHMS,
    Algorithm,
    Combination,
    ModelId,
)
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import ALGORITHM_COLOURS, ALGORITHM_MARKERS, FAINT, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BASELINE_LINES = ("--", ":", "-.")
_EDGES = {
    Algorithm.ENCDEC: "-",
    Algorithm.FCGAN: (0, (2.2, 1.2)),
    Algorithm.FLOW: (0, (1.0, 1.0)),
    Algorithm.ANY: "-.",
}
"""Lines around the boxes, so that grey print keeps the algorithms apart."""
_ROOM = 0.72
"""Share of a combination's place that its boxes take, side by side."""

Values = Mapping[ModelId, npt.NDArray[np.float64]]

COMBINATION_CAPTION = (
    "Held-out examinations. Box: quartiles and median; whiskers: extremes; mark: mean. Combinations are "
    "ordered by the best mean of their models, best first; a dark dot: the models read the sequence. "
    "Lines across are the means of the trivial maps that a model must beat."
)


def combination_chart(
    scores: Mapping[ModelId, Sequence[ExamScore]], baselines: Iterable[LeaderboardRow], column: str
) -> Chart:
    """Boxes from quartile to quartile with the median, whiskers to the extremes, a mark at the mean.

    Algorithms differ in colour, in the shape of the mark and in the line around the box.

    Args:
        scores: of every model, at least one examination each.
        baselines: of the trivial maps.
        column: the SSIM column to show.
    """
    from matplotlib.figure import Figure

    values = {model: 100 * column_values(rows, column) for model, rows in scores.items()}
    ranked = rank_models({model: float(np.mean(found)) for model, found in values.items()})
    order = list(dict.fromkeys(model.combination for model in ranked))
    with house_style():
        figure = Figure(figsize=(max(5.2, 2.0 + 0.34 * len(order)), 6.5), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1.3))
        tips = _draw_boxes(upper, values, order)
        for baseline, dashes in zip(baselines, _BASELINE_LINES, strict=False):
            mean = 100 * baseline.mean[column]
            if np.isfinite(mean):
                label = f"{baseline.model} map"
                upper.axhline(mean, color=MUTED, linestyle=dashes, linewidth=1.2, zorder=1, label=label)
        upper.set_ylabel(f"{column}, %")
        upper.set_title("SSIM by sequences", loc="left")
        upper.grid(axis="y", color=FAINT, linewidth=0.6)
        upper.set_axisbelow(True)
        upper.tick_params(axis="x", length=0)
        _draw_matrix(lower, order)
        figure.legend(loc="outside lower left", ncols=2, fontsize=9)  # over the boxes it would hide some
    return Chart(figure, "SSIM by sequences", _description(values, ranked[0]), tips)


def _draw_boxes(ax: Axes, values: Values, order: Sequence[Combination]) -> dict[str, list[str]]:
    tips = {}
    trained = {model.algorithm for model in values}
    shown = [name for name in Algorithm if name in trained or name in PAPER_ALGORITHMS]
    step = _ROOM / len(shown)
    for number, algorithm in enumerate(shown):
        shift = step * (number - (len(shown) - 1) / 2)
        known = {
            place: found[np.isfinite(found)]
            for place, combination in enumerate(order)
            if np.isfinite(found := values.get(ModelId(algorithm, combination), np.empty(0))).any()
        }
        if not known:
            continue
        colour = ALGORITHM_COLOURS[algorithm]
        quartiles = [np.percentile(found, (0, 25, 50, 75, 100)) for found in known.values()]
        names = ("whislo", "q1", "med", "q3", "whishi")
        ax.bxp(
            [dict(zip(names, found, strict=True)) for found in quartiles],
            positions=np.asarray(list(known)) + shift,
            widths=0.78 * step,
            patch_artist=True,
            showfliers=False,
            showcaps=False,
            manage_ticks=False,
            boxprops={"facecolor": f"{colour}33", "edgecolor": colour, "linestyle": _EDGES[algorithm]},
            medianprops={"color": colour, "linewidth": 1.8},
            whiskerprops={"color": colour},
        )
        means = [float(found.mean()) for found in known.values()]
        ax.scatter(
            np.asarray(list(known)) + shift,
            means,
            s=17,
            color=colour,
            marker=ALGORITHM_MARKERS[algorithm],
            edgecolors="white",
            linewidths=0.5,
            zorder=3,
            label=algorithm.label,
            gid=f"means-{algorithm}",
        )
        tips[f"means-{algorithm}"] = [
            f"{ModelId(algorithm, order[place])}: mean {mean:.2f}, median {found[2]:.2f}, "
            f"quartiles {found[1]:.2f} and {found[3]:.2f}"
            for place, mean, found in zip(known, means, quartiles, strict=True)
        ]
    return tips


def _draw_matrix(ax: Axes, order: Sequence[Combination]) -> None:
    used = {name for chosen in order for name in chosen.sequences}
    sequences = [name for name in MriSequence if name in used or name not in OPTIONAL_SEQUENCES]
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


def _description(values: Values, best: ModelId) -> str:
    return (
        "A box for each model above the sequences that it reads, best first. The best mean, "
        f"{np.mean(values[best]):.2f} %, is that of {best.label}."
    )
