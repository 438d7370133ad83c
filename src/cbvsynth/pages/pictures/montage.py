"""Contrast-enhanced T1, real CBV, synthetic CBV, their difference and how sure it is, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.charts import house_style, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

CBV_COLOURS = "inferno"
"""Perceptually ordered, its lightness rises all the way: it reads the same in grey and with any colour
vision."""

DIFFERENCE_COLOURS = "PuOr_r"
"""Two hues that colour-blind readers can tell apart, pale where the maps agree."""

SD_COLOURS = "viridis"
"""Other colours than CBV's, so that nobody takes one for the other."""

LESION_OUTLINES = ("#ffd92f", "#ffffff", "#ffffff", "#000000")
"""One for each column, to stand out from what lies below."""

_SD_OUTLINE = "#ffffff"

Value = TypeVar("Value", bound=np.generic)
Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MontageRow:
    """One axial slice of one examination.

    All images are (X, Y) on one grid in RAS order: x runs to the patient's right, y to the front.
    `anatomy` is in raw intensities, the maps are in the target's unit, `spacing_mm` is (x, y). `sd` is how
    sure the map is, where the model says so.
    """

    label: str
    anatomy: Image
    real: Image
    synthetic: Image
    brain: Mask
    lesion: Mask
    spacing_mm: tuple[float, float]
    sd: Image | None = None


def telling_slice(brain: Mask, lesion: Mask) -> int:
    """Axial slice with the most lesion, or with the most brain where there is no lesion.

    Args:
        brain: (X, Y, Z).
        lesion: (X, Y, Z), may be empty.
    """
    area = lesion.sum(axis=(0, 1)) if lesion.any() else brain.sum(axis=(0, 1))
    return int(np.argmax(area))


def crop_to_brain(rows: Sequence[MontageRow], margin: int = 2) -> list[MontageRow]:
    """Cut every slice to a window of one size around its brain, so that the brains fill the picture.

    Rows on grids smaller than the window keep what they have.
    """
    centres, sizes = [], []
    for row in rows:
        found = np.argwhere(row.brain) if row.brain.any() else np.array([[0, 0], row.brain.shape])
        low, high = found.min(axis=0), found.max(axis=0) + 1
        centres.append((low + high) // 2)
        sizes.append(high - low)
    half = np.max(sizes, axis=0) // 2 + 1 + margin
    return [_cut(row, centre - half, centre + half) for row, centre in zip(rows, centres, strict=True)]


def _cut(row: MontageRow, low: npt.NDArray[np.intp], high: npt.NDArray[np.intp]) -> MontageRow:
    window = tuple(slice(max(0, int(start)), int(stop)) for start, stop in zip(low, high, strict=True))
    return replace(
        row,
        anatomy=row.anatomy[window],
        real=row.real[window],
        synthetic=row.synthetic[window],
        brain=row.brain[window],
        lesion=row.lesion[window],
        sd=None if row.sd is None else row.sd[window],
    )


def draw_montage(
    path: Path, rows: Sequence[MontageRow], *, anatomy_label: str, data_range: float, target_unit: str
) -> None:
    """Write the montage as PNG; CBV is shown from 0 to half the dynamic range in every row.

    How sure the maps are has a fifth column, from 0 to an eighth, where all rows know it. The scales are
    fixed and not fitted to the examinations, so that montages of different models can be held side by side.
    """
    from matplotlib.figure import Figure

    cropped = crop_to_brain(rows)
    titles = [anatomy_label, "Real CBV", "Synthetic CBV", "Synthetic − real"]
    if all(row.sd is not None for row in rows):
        titles.append("Uncertainty (SD)")
    place = _Layout.of(cropped, len(titles))
    with house_style():
        figure = Figure(figsize=(place.width, place.height))
        grid = np.array(
            [
                [figure.add_axes(place.image(line, column)) for column in range(len(titles))]
                for line in range(len(rows))
            ]
        )
        bars: list[_Bar] = []
        for axes, row in zip(grid, cropped, strict=True):
            bars = _draw_row(axes, row, data_range)
            axes[0].set_ylabel(row.label, rotation=90, fontsize=9.5)
        for ax, title in zip(grid[0], titles, strict=True):
            ax.set_title(title)
        for drawn, first, last, extend, name in bars:
            bar = figure.colorbar(
                drawn, cax=figure.add_axes(place.bar(first, last)), orientation="horizontal", extend=extend
            )
            bar.set_label(f"{name}, {UNIT_WORDS[target_unit]}")
        figure.text(
            0.5,
            0.1 / place.height,
            "Axial slice with the most lesion, outlined; the patient's right is on the left.\n"
            + RESEARCH_NOTE,
            ha="center",
            fontsize=8.5,
        )
        save_png(figure, path)


_SIDE = 2.3125
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 0.75, 0.1, 0.36, 1.21, 0.1


@dataclass(frozen=True)
class _Layout:
    """Where things lie, in inches; matplotlib's own layouts leave gaps around images."""

    lines: int
    columns: int
    tall: float

    @classmethod
    def of(cls, rows: Sequence[MontageRow], columns: int) -> _Layout:
        shape, spacing = rows[0].brain.shape, rows[0].spacing_mm
        return cls(len(rows), columns, _SIDE * shape[1] * spacing[1] / (shape[0] * spacing[0]))

    @property
    def width(self) -> float:
        return _LEFT + self.columns * (_SIDE + _GAP) - _GAP + _RIGHT

    @property
    def height(self) -> float:
        return _TOP + self.lines * (self.tall + _GAP) + _BOTTOM

    def image(self, line: int, column: int) -> tuple[float, float, float, float]:
        left = _LEFT + column * (_SIDE + _GAP)
        bottom = self.height - _TOP - (line + 1) * self.tall - line * _GAP
        return self._share(left, bottom, _SIDE, self.tall)

    def bar(self, first: int, last: int) -> tuple[float, float, float, float]:
        left = _LEFT + first * (_SIDE + _GAP) + 0.25
        width = (last - first) * (_SIDE + _GAP) + _SIDE - 0.5
        return self._share(left, 0.96, width, 0.13)

    def _share(
        self, left: float, bottom: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        return left / self.width, bottom / self.height, width / self.width, height / self.height


class _Bar(NamedTuple):
    """A scale below some columns."""

    drawn: AxesImage
    first: int
    last: int
    extend: str
    name: str


def _draw_row(axes: npt.NDArray[np.object_], row: MontageRow, data_range: float) -> list[_Bar]:
    inside = row.anatomy[row.brain]
    low, high = np.percentile(inside, (1, 99.5)) if inside.size else (0.0, 1.0)
    top, span = data_range / 2.0, data_range / 4.0
    _show(axes[0], row, row.anatomy, "gray", (float(low), float(high)))
    _show(axes[1], row, row.real, CBV_COLOURS, (0.0, top))
    maps = _show(axes[2], row, row.synthetic, CBV_COLOURS, (0.0, top))
    difference = _show(axes[3], row, row.synthetic - row.real, DIFFERENCE_COLOURS, (-span, span))
    bars = [_Bar(maps, 1, 2, "max", "CBV"), _Bar(difference, 3, 3, "both", "Difference")]
    if row.sd is not None and len(axes) > 4:
        bars.append(_Bar(_show(axes[4], row, row.sd, SD_COLOURS, (0.0, data_range / 8.0)), 4, 4, "max", "SD"))
    if row.lesion.any():
        outline = _radiological(row.lesion.astype(np.float32))
        for ax, colour in zip(axes, (*LESION_OUTLINES, _SD_OUTLINE), strict=False):
            ax.contour(outline, levels=[0.5], colors=colour, linewidths=0.7)
    return bars


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
