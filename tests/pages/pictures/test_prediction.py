"""The picture of one synthetic map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np

from cbvsynth.pages.pictures.prediction import PredictionPicture, draw_prediction, slices_to_show


def head() -> np.ndarray:
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, size) for size in (24, 30, 12)), indexing="ij")
    return np.asarray(x**2 + y**2 + z**2 < 0.9)


def picture(cbv_level: float = 5.0) -> PredictionPicture:
    brain = head()
    anatomy = np.where(brain, np.indices(brain.shape)[0] + 1.0, 0).astype(np.float32)
    cbv = np.where(brain, cbv_level, 0).astype(np.float32)
    return PredictionPicture(anatomy, "T1C", cbv, brain, (2.0, 2.0), "encdec-t1, version 1")


def test_shown_slices_hold_brain_and_are_spread_from_bottom_to_top() -> None:
    area = head().sum(axis=(0, 1))
    shown = slices_to_show(head())
    assert len(shown) == 6
    assert shown == sorted(set(shown))
    assert all(4 * area[place] >= area.max() for place in shown)
    fit = np.flatnonzero(4 * area >= area.max())
    assert (shown[0], shown[-1]) == (fit[0], fit[-1])


def test_a_thin_slab_shows_each_of_its_slices_once() -> None:
    assert slices_to_show(head()[:, :, 5:7]) == [0, 1]


def test_equal_predictions_give_equal_files(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_prediction(tmp_path / name, picture(), data_range=25.0, target_unit="mL/100g")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_colour_scale_is_fixed_and_not_fitted_to_the_map(tmp_path: Path) -> None:
    """Two maps, one twice the other, must not look alike; a fitted scale would make them so."""
    pixels = []
    for level in (4.0, 8.0):
        draw_prediction(tmp_path / "x.png", picture(level), data_range=25.0, target_unit="mL/100g")
        pixels.append(matplotlib.image.imread(tmp_path / "x.png"))
    assert pixels[0].shape == pixels[1].shape
    assert np.mean(np.abs(pixels[0] - pixels[1]).max(axis=-1) > 0.1) > 0.1


def test_a_single_slice_is_drawn_wide_enough_for_the_research_note(tmp_path: Path) -> None:
    """A picture of one slice was narrower than its note, whose ends were cut off."""
    whole = picture()
    only = np.zeros_like(whole.brain)
    only[..., 5] = whole.brain[..., 5]
    draw_prediction(tmp_path / "a.png", replace(whole, brain=only), data_range=25.0, target_unit="mL/100g")
    drawn = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    note = drawn[-25:].min(axis=(0, 2)) < 0.5
    assert note.any()
    assert not note[:5].any()
    assert not note[-5:].any()


def test_how_sure_the_map_is_stands_in_a_row_below_in_other_colours(tmp_path: Path) -> None:
    whole = picture()
    draw_prediction(tmp_path / "without.png", whole, data_range=25.0, target_unit="mL/100g")
    sure = replace(whole, sd=np.where(whole.brain, 3.0, 0).astype(np.float32))
    draw_prediction(tmp_path / "with.png", sure, data_range=25.0, target_unit="mL/100g")
    without, found = (matplotlib.image.imread(tmp_path / name) for name in ("without.png", "with.png"))
    assert found.shape[0] > 1.3 * without.shape[0]
    yellow = (found[..., 0] > 0.8) & (found[..., 1] > 0.8) & (found[..., 2] < 0.3)
    assert yellow[found.shape[0] // 2 :].mean() > 0.05  # 3.0 is near the top of the scale
