"""Bland-Altman plots as SVG, with the numbers in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from cbvsynth.domain.statistics.bland_altman import BlandAltman, bland_altman
from cbvsynth.domain.statistics.concordance import lin_concordance
from cbvsynth.errors import DataError
from cbvsynth.pages.colours import FAINT, GROUP_COLOURS, GROUP_MARKERS, INK, MUTED
from cbvsynth.pages.svg import BOTTOM, Plot, fitted, legend_height


@dataclass(frozen=True)
class Pair:
    """One examination: what was measured in the real and in the synthetic map."""

    exam_id: str
    group: str
    real: float
    synthetic: float


def agreement_chart(pairs: Sequence[Pair], quantity: str, unit: str) -> tuple[Markup, str] | None:
    """The plot and its caption; None where fewer than two pairs are known."""
    known = [pair for pair in pairs if math.isfinite(pair.real) and math.isfinite(pair.synthetic)]
    if len(known) < 2:
        return None
    real = np.asarray([pair.real for pair in known])
    synthetic = np.asarray([pair.synthetic for pair in known])
    limits = bland_altman(real, synthetic)
    caption = _caption(limits, quantity, unit, _concordance(real, synthetic))
    means, differences = (real + synthetic) / 2, synthetic - real
    suffix = f", {unit}" if unit else ""
    groups = sorted({pair.group for pair in known})
    legend = legend_height(len(groups))
    edges = [limits.lower_limit.estimate, limits.upper_limit.estimate, 0.0]
    plot = Plot(
        fitted(f"Mean of real and synthetic {quantity}{suffix}", means),
        fitted(f"Synthetic − real{suffix}", [*differences, *edges]),
        title=f"Bland-Altman plot of {quantity}",
        description=caption,
        width=520,
        height=380 + legend,
        bottom=BOTTOM + legend,
    )
    plot.line([(plot.x.low, 0.0), (plot.x.high, 0.0)], colour=FAINT)
    style = {
        group: (GROUP_MARKERS[place % len(GROUP_MARKERS)], GROUP_COLOURS[place % len(GROUP_COLOURS)])
        for place, group in enumerate(groups)
    }
    for pair, mean, difference in zip(known, means, differences, strict=True):
        shape, colour = style[pair.group]
        tip = f"{pair.exam_id}: real {pair.real:.2f}, synthetic {pair.synthetic:.2f}"
        plot.marker((float(mean), float(difference)), shape=shape, colour=colour, tip=tip)
    for value, words, dashes in (
        (limits.upper_limit.estimate, "+1.96 SD", "6 4"),
        (limits.bias.estimate, "bias", ""),
        (limits.lower_limit.estimate, "−1.96 SD", "6 4"),
    ):
        colour = MUTED if dashes else INK
        plot.line([(plot.x.low, value), (plot.x.high, value)], colour=colour, dashes=dashes, width=1.3)
        text = f"{words} {value:+.2f}".replace("-", "−")
        plot.text((plot.x.high, value), text, shift=(-4, -4), anchor="end")
    plot.legend_below([(*style[group], group or "no diagnosis given") for group in groups])
    return plot.markup(), caption


def _concordance(real: np.ndarray[tuple[int], np.dtype[np.float64]], synthetic: object) -> str:
    try:
        return f"{lin_concordance(real, np.asarray(synthetic)).concordance:.2f}"
    except DataError:
        return "not defined"


def _caption(limits: BlandAltman, quantity: str, unit: str, concordance: str) -> str:
    shown = f" {unit}" if unit else ""
    return (
        f"{quantity[0].upper()}{quantity[1:]} of {limits.pairs} examinations. Bias (synthetic minus real) "
        f"{limits.bias.estimate:+.2f}{shown} (95 % interval {limits.bias.low:+.2f} to "
        f"{limits.bias.high:+.2f}), limits of agreement {limits.lower_limit.estimate:+.2f} to "
        f"{limits.upper_limit.estimate:+.2f}. Lin's concordance {concordance}. "
        "Examinations of one patient are taken as independent."
    )
