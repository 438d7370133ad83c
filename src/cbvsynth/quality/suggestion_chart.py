"""The picture of what a laboratory's limits rest on: measurements, limits now, proposed limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cbvsynth.quality.checks import shown
from cbvsynth.quality.suggestion import Proposal
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import INK, MUTED

_WIDTH_INCH, _ROW_INCH = 7.5, 1.1
_GOOD, _NEW = "#4a7fb0", "#c2571a"


def suggestion_chart(proposals: Sequence[Proposal]) -> Chart:
    """One strip per limit that was learned: each examination a mark, the limits as lines."""
    from matplotlib.figure import Figure

    learned = [one for one in proposals if one.is_learned]
    with house_style():
        figure = Figure(figsize=(_WIDTH_INCH, 0.6 + _ROW_INCH * max(1, len(learned))), layout="constrained")
        if learned:
            axes = np.atleast_1d(figure.subplots(len(learned), 1))
            for axis, one in zip(axes, learned, strict=True):
                spread_out = np.random.default_rng(0).uniform(-0.3, 0.3, one.values.size)
                axis.plot(one.values, spread_out, "o", ms=4, mfc="none", mec=_GOOD)
                axis.axvline(one.present, color=MUTED, ls="--", lw=1.2)
                axis.axvline(one.proposed, color=_NEW, lw=1.6)
                axis.set(yticks=[], ylim=(-0.6, 0.6))
                axis.spines["left"].set_visible(False)
                title = f"{one.name}: now {shown(one.present)} (dashed), proposed {shown(one.proposed)}"
                axis.set_title(title, loc="left", color=INK)
        words = "; ".join(
            f"{one.name}: {one.values.size} values from {shown(float(one.values[0]))} to "
            f"{shown(float(one.values[-1]))}, proposed {shown(one.proposed)}"
            for one in learned
        )
        return Chart(figure, "Measurements of good examinations and limits", words or "Nothing was learned.")
