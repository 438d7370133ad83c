"""The outline of a mask on the image it was found in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from cbvsynth.domain.geometry import to_canonical
from cbvsynth.domain.mask_shape import measure_mask
from cbvsynth.extraction.picture import draw_mask
from tests.extraction.heads import head


def test_the_outline_is_drawn_where_the_mask_ends(tmp_path: Path) -> None:
    image = to_canonical(head())
    mask = (image.data > 200) & (image.data < 380)
    shape = measure_mask(mask, image.affine, image.data)
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    draw_mask(first, image, mask, shape, "e1 T1: extracted by a program")
    draw_mask(second, image, mask, shape, "e1 T1: extracted by a program")
    assert first.read_bytes() == second.read_bytes()
    pixels = np.asarray(Image.open(first).convert("RGB")).astype(int)
    orange = (pixels[..., 0] > 200) & (abs(pixels[..., 1] - 176) < 40) & (pixels[..., 2] < 80)
    assert 1000 < orange.sum() < 0.05 * orange.size


def test_a_mask_of_one_slice_is_drawn(tmp_path: Path) -> None:
    image = to_canonical(head())
    mask = np.zeros(image.shape, bool)
    mask[40:60, 40:60, 25] = True
    draw_mask(tmp_path / "a.png", image, mask, measure_mask(mask, image.affine), "one slice")
    assert (tmp_path / "a.png").is_file()
