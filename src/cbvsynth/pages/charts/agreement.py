"""How well synthetic maps agree with real ones: Bland-Altman plots, with the numbers in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.selection.leaderboard import has_lesion
from cbvsynth.domain.statistics.bland_altman import BlandAltman, bland_altman
from cbvsynth.domain.statistics.concordance import lin_concordance
from cbvsynth.errors import DataError
from cbvsynth.theme.charts import Chart, house_style
from cbvsynth.theme.colours import FAINT, GROUP_COLOURS, GROUP_MARKERS, INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEGEND_COLUMNS = 3


@dataclass(frozen=True)
class Pair:
    """One examination: what was measured in the real and in the synthetic map."""

    exam_id: str
    group: str
    real: float
    synthetic: float


@dataclass(frozen=True)
class Quantity:
    """What was measured: its name within a sentence, its definition at the head of one, and its unit."""

    name: str
    definition: str
    unit: str = ""

    def with_unit(self, words: str) -> str:
        """The label of an axis."""
        return f"{words}, {self.unit}" if self.unit else words


HOT_SPOT_RATIO = Quantity("hot-spot nCBV", "Hot-spot nCBV of the lesion")


def lesion_cbv(target_unit: str) -> Quantity:
    """Mean CBV of the lesion in a target unit."""
    return Quantity("lesion CBV", "Mean CBV of the lesion", UNIT_WORDS[target_unit])


@dataclass(frozen=True)
class Agreement:
    """Pairs of one quantity, and what Bland and Altman ask of them."""

    pairs: tuple[Pair, ...]
    limits: BlandAltman
    concordance: float
    """Lin's concordance correlation; NaN where one of the two is constant."""

    @property
    def real(self) -> npt.NDArray[np.float64]:
        """(n,) float64."""
        return np.asarray([pair.real for pair in self.pairs])

    @property
    def synthetic(self) -> npt.NDArray[np.float64]:
        """(n,) float64."""
        return np.asarray([pair.synthetic for pair in self.pairs])


def lesion_pairs(scores: Iterable[ExamScore]) -> list[Pair]:
    """Lesion CBV of the examinations with a lesion."""
    return [
        Pair(score.exam_id, score.diagnosis, score.lesion_cbv_real, score.lesion_cbv_synthetic)
        for score in scores
        if has_lesion(score)
    ]


def agreement_of(pairs: Sequence[Pair]) -> Agreement | None:
    """Agreement over pairs; None where there are fewer than two.

    Raises:
        DataError: a value is not a number.
    """
    if len(pairs) < 2:
        return None
    real, synthetic = (np.asarray([getattr(pair, name) for pair in pairs]) for name in ("real", "synthetic"))
    limits = bland_altman(real, synthetic)
    try:
        concordance = lin_concordance(real, synthetic).concordance
    except DataError:  # one of the two is constant; other reasons were met by bland_altman
        concordance = math.nan
    return Agreement(tuple(pairs), limits, concordance)


def agreement_caption(agreement: Agreement, quantity: Quantity) -> str:
    """The numbers in words."""
    limits = agreement.limits
    unit = f" {quantity.unit}" if quantity.unit else ""
    concordance = "not defined" if math.isnan(agreement.concordance) else f"{agreement.concordance:.2f}"
    return (
        f"{quantity.definition}, {limits.pairs} examinations. Bias (synthetic minus real) "
        f"{limits.bias.estimate:+.2f}{unit} (95 % interval {limits.bias.low:+.2f} to "
        f"{limits.bias.high:+.2f}), limits of agreement {limits.lower_limit.estimate:+.2f} to "
        f"{limits.upper_limit.estimate:+.2f}. Lin's concordance {concordance}. "
        "Examinations of one patient are taken as independent."
    )


def agreement_chart(agreement: Agreement, quantity: Quantity, model: str) -> Chart:
    """Difference against mean, one mark for each examination, by diagnosis."""
    from matplotlib.figure import Figure

    groups = sorted({pair.group for pair in agreement.pairs})
    name = quantity.name[0].upper() + quantity.name[1:]
    with house_style():
        figure = Figure(figsize=(6.0, 4.1 + 0.2 * -(-len(groups) // _LEGEND_COLUMNS)), layout="constrained")
        ax = figure.subplots()
        ax.grid(axis="y", color=FAINT, linewidth=0.6)
        ax.set_axisbelow(True)
        tips = {f"group-{place}": _draw_group(ax, agreement, place, groups) for place in range(len(groups))}
        _draw_limits(ax, agreement.limits)
        ax.set_xlabel(quantity.with_unit(f"Mean of real and synthetic {quantity.name}"))
        ax.set_ylabel(quantity.with_unit("Synthetic − real"))
        ax.set_title(f"{name}, {model}")
        if any(groups):
            figure.legend(loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=9)
    return Chart(
        figure, f"Bland-Altman plot of {quantity.name}", agreement_caption(agreement, quantity), tips
    )


def _draw_group(ax: Axes, agreement: Agreement, place: int, groups: Sequence[str]) -> list[str]:
    """Draw the marks of one group; return what to say of each."""
    chosen = [pair for pair in agreement.pairs if pair.group == groups[place]]
    ax.scatter(
        [(pair.real + pair.synthetic) / 2 for pair in chosen],
        [pair.synthetic - pair.real for pair in chosen],
        s=34,
        color=GROUP_COLOURS[place % len(GROUP_COLOURS)],
        marker=GROUP_MARKERS[place % len(GROUP_MARKERS)],
        alpha=0.85,
        edgecolors="white",
        linewidths=0.5,
        label=groups[place] or "no diagnosis given",
        gid=f"group-{place}",
    )
    return [f"{pair.exam_id}: real {pair.real:.2f}, synthetic {pair.synthetic:.2f}" for pair in chosen]


def _draw_limits(ax: Axes, limits: BlandAltman) -> None:
    lines = (
        (limits.upper_limit.estimate, "+1.96 SD", "--"),
        (limits.bias.estimate, "bias", "-"),
        (limits.lower_limit.estimate, "−1.96 SD", "--"),
    )
    for value, name, dashes in lines:
        ax.axhline(value, color=INK if name == "bias" else MUTED, linestyle=dashes, linewidth=1.2, zorder=1)
        ax.annotate(
            f"{name}: {value:+.2f}".replace("-", "−"),
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 3),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=9,
        )
