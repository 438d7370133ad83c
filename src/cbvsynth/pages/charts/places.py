"""Mean absolute error by place in the brain: three layers, each cut in six."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cbvsynth.domain.region_errors import DEPTHS, HEIGHTS, SIDES, RegionError, RegionKind, place_name
from cbvsynth.domain.selection.guards import UNIT_WORDS
from cbvsynth.pages.tables.lesions import mean_error_of
from cbvsynth.theme.charts import Chart, house_style


def places_chart(regions: Sequence[RegionError], model: str, target_unit: str) -> Chart | None:
    """A map of the error, seen from above; None where nothing is known.

    Left is left and front is up: not the radiological convention, because no image is shown.
    """
    if not any(row.kind is RegionKind.PLACE for row in regions):
        return None
    from matplotlib.figure import Figure

    layers = {
        height: np.asarray(
            [
                [mean_error_of(regions, place_name(side, depth, height)) for side in SIDES]
                for depth in reversed(DEPTHS)
            ]
        )
        for height in HEIGHTS
    }
    stacked = np.stack(list(layers.values()))
    highest = float(np.nanmax(stacked))
    with house_style():
        figure = Figure(figsize=(7.5, 3.2), layout="constrained")
        axes = figure.subplots(1, len(HEIGHTS))
        for ax, (height, values) in zip(axes, layers.items(), strict=True):
            # Drawn as areas, not as pixels, so that the page holds no picture for it.
            edges = [np.arange(size + 1) - 0.5 for size in values.shape]
            ax.pcolormesh(edges[1], edges[0], values, cmap="Oranges", vmin=0, vmax=highest)
            ax.invert_yaxis()
            ax.set_aspect(0.7)
            ax.set_title(f"{height} third" if height != "mid-height" else "middle third")
            ax.set_xticks(range(len(SIDES)), SIDES)
            ax.set_yticks(range(len(DEPTHS)), reversed(DEPTHS))
            ax.tick_params(length=0)
            for (row, column), value in np.ndenumerate(values):
                ax.text(
                    column,
                    row,
                    "–" if np.isnan(value) else f"{value:.2f}",
                    ha="center",
                    va="center",
                    color="white" if value > 0.65 * highest else "black",
                )
        figure.suptitle(f"Mean absolute error, {UNIT_WORDS[target_unit]}, {model}", fontsize=11)
    place = tuple(int(one) for one in np.unravel_index(np.nanargmax(stacked), stacked.shape))
    worst = place_name(SIDES[place[2]], tuple(reversed(DEPTHS))[place[1]], HEIGHTS[place[0]])
    return Chart(
        figure,
        "Mean absolute error by place in the brain",
        f"Mean absolute error of the brain's voxels, {UNIT_WORDS[target_unit]}, in the box around each brain "
        "cut in halves from left to right and in thirds from back to front and upwards, averaged by patient. "
        f"Largest: {worst}, {highest:.2f}; smallest {float(np.nanmin(stacked)):.2f}.",
    )
