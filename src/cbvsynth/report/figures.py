"""What all pictures share: fonts, colours that colour-blind readers can tell apart, and saving."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from cbvsynth.domain.sequences import Algorithm
from cbvsynth.io.storage import atomic_file

ALGORITHM_COLOURS = {Algorithm.ENCDEC: "#0072B2", Algorithm.FCGAN: "#D55E00"}
"""From Okabe and Ito's palette, which readers with any colour vision can tell apart."""

ALGORITHM_MARKERS = {Algorithm.ENCDEC: "o", Algorithm.FCGAN: "D"}
"""Shapes say the same as the colours."""

INK = "#1a1a1a"
MUTED = "#6b6b6b"
FAINT = "#d9d9d9"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
}

RESEARCH_NOTE = "For research only; not a medical device."


def save_png(figure: Figure, path: Path, dpi: int = 130) -> None:
    """Save atomically and without time or program version, so that equal pictures are equal files."""
    with atomic_file(path) as temporary, rc_context(STYLE):
        figure.savefig(temporary, format="png", dpi=dpi, metadata={"Software": None}, facecolor="white")
