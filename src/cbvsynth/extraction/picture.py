"""The outline of a brain mask on the image it was found in: what a person looks at before believing it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.mask_shape import MaskShape
from cbvsynth.domain.volume import Volume
from cbvsynth.theme.charts import house_style, save_png

SLICES = 6
OUTLINE = "#ffb000"


def draw_mask(path: Path, image: Volume, mask: npt.NDArray[np.bool_], shape: MaskShape, caption: str) -> None:
    """Write a PNG of axial slices through the whole head, and one coronal and one sagittal slice.

    Args:
        path: where to.
        image: (X, Y, Z), axes RAS.
        mask: (X, Y, Z), on its grid.
        shape: measurements to write below.
        caption: what made the mask, and what is wrong with it, if anything.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    high = float(np.percentile(image.data, 99.5)) or 1.0
    cuts = _cuts(mask)
    with house_style():
        figure = Figure(figsize=(11.0, 6.6), layout="constrained")
        for place, ax in zip(cuts, figure.subplots(2, 4).ravel(), strict=True):
            axis, number = place
            across, up = (side for side in range(3) if side != axis)
            picture, brain = (np.take(array, number, axis=axis).T[::-1] for array in (image.data, mask))
            if axis != 0:  # as radiologists look at it, the patient's right on the left
                picture, brain = picture[:, ::-1], brain[:, ::-1]
            aspect = image.spacing_mm[up] / image.spacing_mm[across]
            ax.imshow(picture, cmap="gray", vmin=0.0, vmax=high, aspect=aspect, interpolation="nearest")
            if brain.any() and not brain.all():
                ax.contour(brain, levels=[0.5], colors=OUTLINE, linewidths=0.9)
            ax.set_title(f"{('sagittal', 'coronal', 'axial')[axis]} {number + 1}", fontsize=9.5)
            ax.set_axis_off()
        figure.supxlabel(f"{caption}\n{shape.words}\nThe patient's right is on the left.", fontsize=8.5)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_png(figure, path)


def _cuts(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Axis and place of every slice: axial ones over the mask's height, the middle of the others."""
    found = [
        np.flatnonzero(mask.any(axis=tuple(side for side in range(3) if side != axis))) for axis in range(3)
    ]
    middle = [int(places[places.size // 2]) for places in found[:2]]
    axial = found[2][np.linspace(0, found[2].size - 1, SLICES).round().astype(int)]
    return [*((2, int(place)) for place in axial), (1, middle[1]), (0, middle[0])]
