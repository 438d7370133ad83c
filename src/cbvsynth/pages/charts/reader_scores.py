"""Readers' scores as stacked bars: one bar for each criterion and kind of map."""

from __future__ import annotations

from collections.abc import Sequence

from cbvsynth.domain.reader_study import Distribution
from cbvsynth.domain.reading_forms import Form
from cbvsynth.theme.charts import Chart, house_style

_FILLS = ("#e3ebf3", "#a9c4dd", "#4f86b5", "#1b466f")
"""Lightness falls from score 0 to 3, so that grey print keeps the order."""
_INKS = ("#1a1a1a", "#1a1a1a", "#ffffff", "#ffffff")
_NARROWEST = 5.0
"""Percent below which a part is too narrow for its number."""


def score_chart(rows: Sequence[Distribution], form: Form) -> Chart:
    """Shares of the scores in percent, with how often each was given written inside."""
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(7.0, 1.1 + 0.32 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for line, row in enumerate(rows):
            start = 0.0
            for count, fill, ink in zip(row.counts, _FILLS, _INKS, strict=True):
                share = 100.0 * count / sum(row.counts)
                ax.barh(line, share, left=start, height=0.74, color=fill, edgecolor="white")
                if share >= _NARROWEST:
                    ax.text(start + share / 2, line, f"{count}", ha="center", va="center", color=ink)
                start += share
        ax.set_yticks(range(len(rows)), [f"{row.criterion.title}, {row.kind.value}" for row in rows])
        ax.tick_params(axis="y", length=0)
        ax.set(xlim=(0, 100), ylim=(len(rows) - 0.5, -0.5), xticks=(0, 25, 50, 75, 100))
        ax.set_xlabel("Share of the scores, %")
        ax.spines["left"].set_visible(False)
        names = [f"{score} {word}" for score, word in enumerate(form.scale)]
        figure.legend(
            ax.patches[: len(names)], names, loc="outside lower center", ncols=len(names), fontsize=9
        )
    return Chart(
        figure, f"Scores by criterion and kind of map: {form.key}", "; ".join(_words(row) for row in rows)
    )


def _words(row: Distribution) -> str:
    counts = ", ".join(f"{count} times {score}" for score, count in enumerate(row.counts))
    return f"{row.criterion.title}, {row.kind.value}: {counts}"
