"""SSIM of every model as a box, above a matrix of the sequences it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from cbvsynth.domain.sequences import Algorithm, Combination, ModelId
from cbvsynth.domain.sequences import Sequence as MriSequence
from cbvsynth.pages.colours import ALGORITHM_COLOURS, FAINT, INK
from cbvsynth.pages.svg import RIGHT, Plot, Scale, fitted

_COLUMN = 26.0
_LINE = 18.0
_LEFT = 78.0
_HEIGHT = 300.0
_DASHES = {Algorithm.ENCDEC: "", Algorithm.FCGAN: "3 2"}


def combination_chart(values: Mapping[ModelId, Sequence[float]], label: str) -> Markup:
    """Boxes from quartile to quartile with the median, whiskers to the extremes.

    Combinations are ordered by the better mean of their algorithms, best first. The two algorithms differ
    in colour and in the line around the box.

    Args:
        values: percent, for each model one value an examination.
        label: of the upright axis.
    """
    order = sorted(
        {model.combination for model in values},
        key=lambda one: (
            -max(float(np.mean(found)) for model, found in values.items() if model.combination == one),
            one.slug,
        ),
    )
    bottom = _LINE * len(MriSequence) + 16
    plot = Plot(
        Scale("", -0.6, len(order) - 0.4, ()),
        fitted(label, [value for found in values.values() for value in found]),
        title="SSIM by sequences",
        description=_description(values, order),
        width=max(420.0, _LEFT + RIGHT + _COLUMN * len(order)),
        height=_HEIGHT + bottom,
        bottom=bottom,
        left=_LEFT,
    )
    for place, combination in enumerate(order):
        for algorithm, shift in ((Algorithm.ENCDEC, -0.18), (Algorithm.FCGAN, 0.18)):
            found = values.get(ModelId(algorithm, combination))
            if found:
                _box(plot, place + shift, found, algorithm)
        _column(plot, place, combination)
    base = _HEIGHT
    for line, sequence in enumerate(MriSequence):
        plot.raw(
            f'<text x="{_LEFT - 8}" y="{base + 20 + _LINE * line:.0f}" text-anchor="end" font-size="11">'
            f"{sequence.label}</text>"
        )
    for number, algorithm in enumerate((Algorithm.ENCDEC, Algorithm.FCGAN)):
        x, y = _LEFT + 10, _HEIGHT - 30 + 16 * number
        plot.raw(
            f'<rect x="{x}" y="{y - 9}" width="14" height="9" fill="{ALGORITHM_COLOURS[algorithm]}33" '
            f'stroke="{ALGORITHM_COLOURS[algorithm]}" stroke-dasharray="{_DASHES[algorithm]}"/>'
            f'<text x="{x + 20}" y="{y}" font-size="11">{algorithm.label}</text>'
        )
    return plot.markup()


def _box(plot: Plot, place: float, found: Sequence[float], algorithm: Algorithm) -> None:
    low, first, median, third, high = (float(value) for value in np.percentile(found, (0, 25, 50, 75, 100)))
    x, top = plot.at(place, third)
    ends = {name: plot.at(place, value)[1] for name, value in (("low", low), ("high", high))}
    base, middle = plot.at(place, first)[1], plot.at(place, median)[1]
    colour, half = ALGORITHM_COLOURS[algorithm], 3.8
    tip = f"{algorithm.label}: median {median:.2f}, quartiles {first:.2f} and {third:.2f}"
    plot.raw(
        f'<g stroke="{colour}"><title>{tip}</title>'
        f'<path d="M{x:.1f} {ends["low"]:.1f}V{base:.1f}M{x:.1f} {top:.1f}V{ends["high"]:.1f}"/>'
        f'<rect x="{x - half:.1f}" y="{top:.1f}" width="{2 * half}" height="{max(0.5, base - top):.1f}" '
        f'fill="{colour}33" stroke-dasharray="{_DASHES[algorithm]}"/>'
        f'<path d="M{x - half:.1f} {middle:.1f}h{2 * half}" stroke-width="2"/></g>'
    )


def _column(plot: Plot, place: int, combination: Combination) -> None:
    x, _ = plot.at(place, plot.y.low)
    lines = [line for line, one in enumerate(MriSequence) if one in combination.sequences]
    y = [_HEIGHT + 16 + _LINE * line for line in range(len(MriSequence))]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y[line]}" r="4.5" fill="{INK if line in lines else FAINT}"/>'
        for line in range(len(MriSequence))
    )
    plot.raw(f'<path d="M{x:.1f} {y[lines[0]]}V{y[lines[-1]]}" stroke="{INK}" stroke-width="1.5"/>{dots}')


def _description(values: Mapping[ModelId, Sequence[float]], order: Sequence[Combination]) -> str:
    best = max(values, key=lambda model: float(np.mean(values[model])))
    return (
        f"Boxes of {len(values)} models over {len(order)} combinations of sequences, best first. The best "
        f"mean, {np.mean(values[best]):.2f} %, is that of {best.label}. All means are in the table of costs."
    )
