"""Kaplan-Meier curves of two groups, with their intervals, marks of censoring, and who is still followed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cbvsynth.domain.statistics.censored import KaplanMeier
from cbvsynth.pages.tables.formats import number, p_phrase
from cbvsynth.survival.prognosis import CBV_NAMES, MedianSplit
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import FAINT, GROUP_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 7
_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600)
_LINES = ("-", "--")
"""The dashed line is the upper half, so that the two are told apart in grey."""


def kaplan_meier_chart(split: MedianSplit, unit: str) -> Chart:
    """Survival in percent over months, of patients at or below the median of CBV and of those above."""
    from matplotlib.figure import Figure

    groups = ((split.low, f"≤ {split.median_cbv:.1f}"), (split.high, f"> {split.median_cbv:.1f}"))
    last = max(_end(curve) for curve, _ in groups)
    ticks = _ticks(last)
    with house_style():
        figure = Figure(figsize=(5.6, 4.6), layout="constrained")
        ax = figure.subplots()
        ax.grid(axis="y", color=FAINT, linewidth=0.6)
        for place, (curve, words) in enumerate(groups):
            _draw(ax, curve, f"{words} {unit}", GROUP_COLOURS[place], _LINES[place])
            below = -0.27 - 0.07 * place
            ax.text(-0.045, below, words, transform=ax.transAxes, ha="right", fontsize=9)
            for tick in ticks:
                share = tick / ticks[-1]
                ax.text(
                    share, below, f"{_at_risk(curve, tick)}", transform=ax.transAxes, ha="center", fontsize=9
                )
        ax.text(-0.045, -0.2, "still followed", transform=ax.transAxes, ha="right", fontsize=9)
        ax.set(xlim=(0, ticks[-1]), ylim=(0, 101), xticks=ticks, yticks=(0, 25, 50, 75, 100))
        ax.set_xlabel("Months")
        ax.set_ylabel("Without the event, %")
        ax.legend(loc="upper right", fontsize=9, title=f"{title_of(split)} of the lesion")
    return Chart(
        figure,
        f"Survival by {CBV_NAMES[split.kind]}",
        f"{'; '.join(_words(curve, words) for curve, words in groups)}. "
        f"Log-rank test: {p_phrase(split.test.p_value)}",
    )


def title_of(split: MedianSplit) -> str:
    """``Synthetic CBV`` or ``Real CBV``."""
    name = CBV_NAMES[split.kind]
    return name[0].upper() + name[1:]


def _draw(ax: Axes, curve: KaplanMeier, label: str, colour: str, line: str) -> None:
    times = (0.0, *curve.time)
    for_all = [
        [100 * start, *(100 * one for one in values)]
        for start, values in ((1.0, curve.survival), (1.0, curve.low), (1.0, curve.high))
    ]
    ax.fill_between(times, for_all[1], for_all[2], step="post", color=colour, alpha=0.12, linewidth=0)
    ax.step(times, for_all[0], where="post", color=colour, linestyle=line, linewidth=2.0, label=label)
    months, shares = zip(*curve.censored, strict=True) if curve.censored else ((), ())
    ax.plot(months, [100 * share for share in shares], "|", color=colour, markersize=8, markeredgewidth=1.4)


def _end(curve: KaplanMeier) -> float:
    return max(curve.time[-1], *(time for time, _ in curve.censored), 0.0)


def _ticks(last: float) -> list[float]:
    """Whole months from 0 to the end of follow-up or just beyond."""
    step = next((one for one in _STEPS if last / one <= _MOST_TICKS - 1), math.ceil(last / (_MOST_TICKS - 1)))
    return [float(step * place) for place in range(math.ceil(last / step) + 1)]


def _at_risk(curve: KaplanMeier, month: float) -> int:
    return sum(end >= month for end in curve.ends)


def _words(curve: KaplanMeier, words: str) -> str:
    median = number(curve.median, 1) if math.isfinite(curve.median) else "not reached"
    return f"{words}: {curve.patients} patients, {curve.events} events, median survival in months {median}"
