"""Slices as small PNG images inside a page: 8 bits with a palette, which a browser scales without blur."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
import numpy.typing as npt

from cbvsynth.pages.pictures.montage import CBV_COLOURS, DIFFERENCE_COLOURS

Image = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Palette = npt.NDArray[np.uint8]

_COMPRESSION = 5
"""zlib's level; higher ones take longer and save next to nothing."""
_OUTSIDE = 0
"""Palette entry of what is not shown: black."""


@dataclass(frozen=True)
class ColourScale:
    """From which value to which, in which colours; `words` say how the ends look."""

    low: float
    high: float
    colours: str
    words: tuple[str, str]


def cbv_scale(data_range: float) -> ColourScale:
    """CBV from 0 to half the dynamic range, as in every montage of this project."""
    return ColourScale(0.0, data_range / 2, CBV_COLOURS, ("black", "pale yellow"))


def difference_scale(data_range: float) -> ColourScale:
    """Synthetic minus real, to a quarter of the dynamic range each way."""
    return ColourScale(-data_range / 4, data_range / 4, DIFFERENCE_COLOURS, ("violet", "orange"))


def grey_scale(image: Image, brain: Mask) -> ColourScale:
    """Anatomy from its 1st to its 99.5th percentile in the brain of the slices shown."""
    inside = image[brain]
    low, high = np.percentile(inside, (1, 99.5)) if inside.size else (0.0, 1.0)
    return ColourScale(float(low), float(high) if high > low else float(low) + 1, "gray", ("black", "white"))


def slice_png(image: Image, brain: Mask, scale: ColourScale) -> str:
    """One axial slice as a data URI, as radiologists look at it: the patient's right on the left.

    Args:
        image: (X, Y) in RAS order.
        brain: (X, Y); outside is black.
        scale: values and colours.
    """
    share = (image.astype(np.float32) - scale.low) / (scale.high - scale.low)
    levels = 1 + np.round(np.clip(np.nan_to_num(share), 0, 1) * 254)
    shown = np.where(brain, levels, _OUTSIDE).astype(np.uint8)
    return _data_uri(shown.T[::-1, ::-1], scale.colours)


def colour_bar(scale: ColourScale) -> str:
    """A bar from the low to the high end, as a data URI: unlike a style sheet's gradient it prints."""
    return _data_uri(np.arange(1, 256, dtype=np.uint8)[None, :], scale.colours)


@cache
def palette(colours: str) -> Palette:
    """(256, 3) uint8: entry 0 is black, 1 to 255 are the colours from low to high."""
    from matplotlib import colormaps

    entries = np.zeros((256, 3), dtype=np.uint8)
    entries[1:] = np.round(255 * colormaps[colours](np.linspace(0, 1, 255))[:, :3])
    return entries


def outline(region: Mask) -> str:
    """SVG path along the borders of a region's voxels, in voxels of `slice_png`'s picture.

    Args:
        region: (X, Y) bool in RAS order.
    """
    picture = np.pad(region.T[::-1, ::-1], 1)
    across = picture[1:, 1:-1] != picture[:-1, 1:-1]  # borders that run along a row
    down = picture[1:-1, 1:] != picture[1:-1, :-1]
    return "".join(f"M{x} {y}h1" for y, x in np.argwhere(across)) + "".join(
        f"M{x} {y}v1" for y, x in np.argwhere(down)
    )


def _data_uri(levels: npt.NDArray[np.uint8], colours: str) -> str:
    """PNG of palette entries, (height, width) uint8; the same image gives the same text."""
    from PIL import Image as Pillow

    image = Pillow.fromarray(levels)
    image.putpalette(palette(colours).tobytes())
    png = BytesIO()
    image.save(png, format="PNG", compress_level=_COMPRESSION)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode("ascii")
