"""What all pictures share: fonts and saving."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from cbvsynth.pages.colours import INK, MUTED
from cbvsynth.records.storage import atomic_file

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
