"""Contrast-enhanced T1, real CBV, synthetic CBV and their difference, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.report.figures import RESEARCH_NOTE, STYLE, save_png

CBV_COLOURS = "inferno"
"""Perceptually ordered, its lightness rises all the way: it reads the same in grey and with any colour
vision."""

DIFFERENCE_COLOURS = "PuOr_r"
"""Two hues that colour-blind readers can tell apart, pale where the maps agree."""

LESION_OUTLINES = ("#ffd92f", "#ffffff", "#ffffff", "#000000")
"""One for each column, to stand out from what lies below."""

Value = TypeVar("Value", bound=np.generic)
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MontageRow:
    """One axial slice of one examination.

    All images are (X, Y) on one grid in RAS order: x runs to the patient's right, y to the front.
    `anatomy` is in raw intensities, the maps are in the target's unit, `spacing_mm` is (x, y).
    """

    label: str
    anatomy: Image
    real: Image
    synthetic: Image
    brain: Mask
    lesion: Mask
    spacing_mm: tuple[float, float]


def telling_slice(brain: Mask, lesion: Mask) -> int:
    """Axial slice with the most lesion, or with the most brain where there is no lesion.

    Args:
        brain: (X, Y, Z).
        lesion: (X, Y, Z), may be empty.
    """
    area = lesion.sum(axis=(0, 1)) if lesion.any() else brain.sum(axis=(0, 1))
    return int(np.argmax(area))


def draw_montage(
    path: Path, rows: Sequence[MontageRow], *, anatomy_label: str, data_range: float, target_unit: str
) -> None:
    """Write the montage as PNG; CBV is shown from 0 to half the dynamic range in every row.

    The scale is fixed and not fitted to the examinations, so that montages of different models can be
    held side by side.
    """
    unit = UNIT_WORDS[target_unit]
    top, span = data_range / 2.0, data_range / 4.0
    with rc_context(STYLE):
        figure = Figure(figsize=(10.4, 2.45 * len(rows) + 1.2), layout="constrained")
        grid = figure.subplots(len(rows), 4, squeeze=False)
        for axes, row in zip(grid, rows, strict=True):
            maps, difference = _draw_row(axes, row, top, span)
            axes[0].set_ylabel(row.label, rotation=90, fontsize=9.5)
        titles = (anatomy_label, "Real CBV", "Synthetic CBV", "Synthetic − real")
        for ax, title in zip(grid[0], titles, strict=True):
            ax.set_title(title)
        bar = figure.colorbar(
            maps, ax=grid[:, 1:3].ravel().tolist(), location="bottom", shrink=0.7, extend="max", aspect=38
        )
        bar.set_label(f"CBV, {unit}")
        bar = figure.colorbar(
            difference, ax=grid[:, 3].tolist(), location="bottom", shrink=0.9, extend="both", aspect=22
        )
        bar.set_label(f"Difference, {unit}")
        figure.supxlabel(
            "Axial slice with the most lesion, outlined; the patient's right is on the left. "
            + RESEARCH_NOTE,
            fontsize=8.5,
        )
        save_png(figure, path)


def _draw_row(
    axes: npt.NDArray[np.object_], row: MontageRow, top: float, span: float
) -> tuple[AxesImage, AxesImage]:
    inside = row.anatomy[row.brain]
    low, high = np.percentile(inside, (1, 99.5)) if inside.size else (0.0, 1.0)
    _show(axes[0], row, row.anatomy, "gray", (float(low), float(high)))
    maps = _show(axes[1], row, row.real, CBV_COLOURS, (0.0, top))
    _show(axes[2], row, row.synthetic, CBV_COLOURS, (0.0, top))
    difference = _show(axes[3], row, row.synthetic - row.real, DIFFERENCE_COLOURS, (-span, span))
    if row.lesion.any():
        outline = _radiological(row.lesion.astype(np.float32))
        for ax, colour in zip(axes, LESION_OUTLINES, strict=True):
            ax.contour(outline, levels=[0.5], colors=colour, linewidths=0.7)
    return maps, difference


def _show(ax: Axes, row: MontageRow, image: Image, colours: str, scale: tuple[float, float]) -> AxesImage:
    ax.set_facecolor("black")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax.imshow(
        np.ma.masked_array(_radiological(image), _radiological(~row.brain)),
        cmap=colours,
        vmin=scale[0],
        vmax=scale[1],
        aspect=row.spacing_mm[1] / row.spacing_mm[0],
        interpolation="nearest",
    )


def _radiological(image: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """(X, Y) in RAS order -> rows from front to back, columns from the patient's right to the left."""
    return image.T[::-1, ::-1]
