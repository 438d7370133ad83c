"""A synthetic CBV map of one examination, slice by slice below the image it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.pages.pictures.montage import CBV_COLOURS, SD_COLOURS
from cbvsynth.signature import RESEARCH_NOTE
from cbvsynth.theme.charts import house_style, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

MOST_SLICES = 6

Image = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PredictionPicture:
    """What is drawn; arrays are (X, Y, Z) on one grid in RAS order.

    anatomy: raw intensities; cbv: target unit; brain: bool; spacing_mm: (x, y).
    caption: what made the map, one line.
    sd: how sure the map is, target unit; None where that is not known.
    """

    anatomy: Image
    anatomy_label: str
    cbv: Image
    brain: Mask
    spacing_mm: tuple[float, float]
    caption: str
    sd: Image | None = None


def slices_to_show(brain: Mask, most: int = MOST_SLICES) -> list[int]:
    """Axial slices spread evenly over those that hold at least a quarter of the fullest slice's brain.

    Args:
        brain: (X, Y, Z), not empty.
        most: how many at most.
    """
    area = brain.sum(axis=(0, 1))
    filled = np.flatnonzero(4 * area >= area.max())
    places = np.linspace(0, filled.size - 1, min(most, filled.size)).round().astype(int)
    return [int(place) for place in filled[places]]


def draw_prediction(path: Path, picture: PredictionPicture, *, data_range: float, target_unit: str) -> None:
    """Write the picture as PNG.

    CBV is shown from 0 to half the dynamic range, as in `draw_montage`, and how sure it is, where that is
    known, from 0 to an eighth.
    """
    from matplotlib.figure import Figure

    shown = slices_to_show(picture.brain)
    columns, rows, _ = np.nonzero(picture.brain)
    window = (slice(columns.min(), columns.max() + 1), slice(rows.min(), rows.max() + 1))
    wide, high = (part.stop - part.start for part in window)
    tall = high * picture.spacing_mm[1] / (wide * picture.spacing_mm[0])
    inside = picture.anatomy[picture.brain]
    low, top = (float(value) for value in np.percentile(inside, (1, 99.5)))
    with house_style():
        width = max(5.6, 1.9 * len(shown) + 1.2)  # the research note is 5.4 inches long
        maps = _maps(picture, data_range)
        high_in = (1 + len(maps)) * 1.9 * tall + 0.7 + 0.75 * len(maps)
        figure = Figure(figsize=(width, high_in), layout="constrained")
        grid = figure.subplots(1 + len(maps), len(shown), squeeze=False)
        for column, place in enumerate(shown):
            cut = (*window, place)
            brain = picture.brain[cut]
            _show(grid[0, column], picture, picture.anatomy[cut], brain, ("gray", low, top))
            grid[0, column].set_title(f"slice {place + 1}", fontsize=9.5)
        grid[0, 0].set_ylabel(picture.anatomy_label)
        for row, (name, values, scale) in enumerate(maps, 1):
            drawn = [
                _show(
                    grid[row, column],
                    picture,
                    values[(*window, place)],
                    picture.brain[(*window, place)],
                    scale,
                )
                for column, place in enumerate(shown)
            ]
            grid[row, 0].set_ylabel(name)
            bar = figure.colorbar(
                drawn[0], ax=grid[row].tolist(), location="bottom", shrink=0.7, extend="max", aspect=38
            )
            bar.set_label(f"{'CBV' if row == 1 else 'SD of CBV'}, {UNIT_WORDS[target_unit]}")
        figure.supxlabel(
            f"{picture.caption}\nThe patient's right is on the left.\n{RESEARCH_NOTE}", fontsize=8.5
        )
        save_png(figure, path)


def _maps(picture: PredictionPicture, data_range: float) -> list[tuple[str, Image, tuple[str, float, float]]]:
    """Name, values and scale of each map that there is."""
    maps = [("Synthetic CBV", picture.cbv, (CBV_COLOURS, 0.0, data_range / 2.0))]
    if picture.sd is not None:
        maps.append(("Uncertainty (SD)", picture.sd, (SD_COLOURS, 0.0, data_range / 8.0)))
    return maps


def _show(
    ax: Axes, picture: PredictionPicture, image: Image, brain: Mask, scale: tuple[str, float, float]
) -> AxesImage:
    """One slice, (X, Y) in RAS order, drawn as radiologists look at it."""
    colours, low, high = scale
    ax.set_facecolor("black")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    return ax.imshow(
        np.ma.masked_array(image, ~brain).T[::-1, ::-1],
        cmap=colours,
        vmin=low,
        vmax=high,
        aspect=picture.spacing_mm[1] / picture.spacing_mm[0],
        interpolation="nearest",
    )
