"""How well synthetic lesion CBV agrees with real lesion CBV: numbers and Bland-Altman plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.domain.selection.leaderboard import has_lesion
from cbvsynth.domain.statistics.bland_altman import BlandAltman, bland_altman
from cbvsynth.domain.statistics.concordance import lin_concordance
from cbvsynth.errors import DataError
from cbvsynth.pages.colours import FAINT, GROUP_COLOURS, GROUP_MARKERS, INK, MUTED
from cbvsynth.pages.figures import STYLE, save_png


@dataclass(frozen=True)
class LesionAgreement:
    """Lesion CBV of one model, (n,) float64 each, target unit, and what Bland and Altman ask of it."""

    real: npt.NDArray[np.float64]
    synthetic: npt.NDArray[np.float64]
    groups: tuple[str, ...]
    limits: BlandAltman
    concordance: float
    """Lin's concordance correlation; NaN where one of the two is constant."""


def lesion_agreement(scores: Sequence[ExamScore]) -> LesionAgreement | None:
    """Agreement over the examinations with a lesion; None where fewer than two have one."""
    chosen = [score for score in scores if has_lesion(score)]
    if len(chosen) < 2:
        return None
    real = np.asarray([score.lesion_cbv_real for score in chosen])
    synthetic = np.asarray([score.lesion_cbv_synthetic for score in chosen])
    try:
        concordance = lin_concordance(real, synthetic).concordance
    except DataError:
        if not (np.isfinite(real).all() and np.isfinite(synthetic).all()):
            raise
        concordance = math.nan
    return LesionAgreement(
        real=real,
        synthetic=synthetic,
        groups=tuple(score.diagnosis for score in chosen),
        limits=bland_altman(real, synthetic),
        concordance=concordance,
    )


def agreement_caption(agreement: LesionAgreement, target_unit: str) -> str:
    """The numbers in words."""
    unit, limits = UNIT_WORDS[target_unit], agreement.limits
    concordance = "not defined" if math.isnan(agreement.concordance) else f"{agreement.concordance:.2f}"
    return (
        f"Mean CBV of the lesion, {limits.pairs} examinations. Bias (synthetic minus real) "
        f"{limits.bias.estimate:+.2f} {unit} (95 % interval {limits.bias.low:+.2f} to "
        f"{limits.bias.high:+.2f}), limits of agreement {limits.lower_limit.estimate:+.2f} to "
        f"{limits.upper_limit.estimate:+.2f}. Lin's concordance {concordance}. "
        "Examinations of one patient are taken as independent."
    )


def draw_bland_altman(path: Path, agreement: LesionAgreement, target_unit: str, title: str) -> None:
    """Write the plot: difference against mean, one mark for each examination, by diagnosis."""
    unit = UNIT_WORDS[target_unit]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.9), layout="constrained")
        ax = figure.subplots()
        ax.axhline(0.0, color=FAINT, linewidth=1.0, zorder=0)
        _draw_points(ax, agreement)
        _draw_limits(ax, agreement.limits)
        ax.set_xlabel(f"Mean of real and synthetic lesion CBV, {unit}")
        ax.set_ylabel(f"Synthetic − real, {unit}")
        ax.set_title(title)
        if any(agreement.groups):
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, fontsize=9)
        save_png(figure, path)


def _draw_points(ax: Axes, agreement: LesionAgreement) -> None:
    means = (agreement.real + agreement.synthetic) / 2
    differences = agreement.synthetic - agreement.real
    for place, group in enumerate(sorted(set(agreement.groups))):
        chosen = np.asarray([name == group for name in agreement.groups])
        ax.scatter(
            means[chosen],
            differences[chosen],
            s=34,
            color=GROUP_COLOURS[place % len(GROUP_COLOURS)],
            marker=GROUP_MARKERS[place % len(GROUP_MARKERS)],
            alpha=0.85,
            edgecolors="white",
            linewidths=0.5,
            label=group or "no diagnosis given",
        )


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
