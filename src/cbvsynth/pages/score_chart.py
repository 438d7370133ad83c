"""Readers' scores as stacked bars: one bar for each criterion and kind of map."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from cbvsynth.domain.reader_study import SCALE, Distribution
from cbvsynth.pages.svg import BOTTOM, TOP, Plot, Scale, legend_height

_FILLS = ("#e3ebf3", "#a9c4dd", "#4f86b5", "#1b466f")
"""Lightness falls from score 0 to 3, so that grey print keeps the order."""
_INKS = ("#1a1a1a", "#1a1a1a", "#ffffff", "#ffffff")
_LINE = 30.0
_NARROWEST = 5.0
"""Percent below which a part is too narrow for its number."""


def score_chart(rows: Sequence[Distribution]) -> Markup:
    """Shares of the scores in percent, with how often each was given written inside."""
    legend = legend_height(len(SCALE), len(SCALE))
    plot = Plot(
        Scale("Share of the scores, %", 0.0, 100.0, (0.0, 25.0, 50.0, 75.0, 100.0), digits=0),
        Scale("", len(rows) - 0.5, -0.5, ()),
        title="Scores by criterion and kind of map",
        description="; ".join(_words(row) for row in rows),
        width=620,
        height=TOP + _LINE * len(rows) + BOTTOM + legend,
        bottom=BOTTOM + legend,
        left=140,
    )
    for line, row in enumerate(rows):
        plot.text(
            (0.0, line), f"{row.criterion.title}, {row.kind.value}", shift=(-8, 4), anchor="end", size=12
        )
        start = 0.0
        for count, fill, ink in zip(row.counts, _FILLS, _INKS, strict=True):
            share = 100.0 * count / sum(row.counts)
            left, middle = plot.at(start, line)
            right, _ = plot.at(start + share, line)
            plot.raw(
                f'<rect x="{left:.1f}" y="{middle - 11:.1f}" width="{right - left:.1f}" height="22" '
                f'fill="{fill}" stroke="#fff"/>'
            )
            if share >= _NARROWEST:
                plot.raw(
                    f'<text x="{(left + right) / 2:.1f}" y="{middle + 4:.1f}" text-anchor="middle" '
                    f'font-size="12" fill="{ink}">{count}</text>'
                )
            start += share
    names = [f"{score} {word}" for score, word in enumerate(SCALE)]
    plot.legend_below(
        [("s", fill, name) for fill, name in zip(_FILLS, names, strict=True)], columns=len(SCALE)
    )
    return plot.markup()


def _words(row: Distribution) -> str:
    counts = ", ".join(f"{count} times {score}" for score, count in enumerate(row.counts))
    return f"{row.criterion.title}, {row.kind.value}: {counts}"
