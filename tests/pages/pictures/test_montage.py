"""Slices are chosen, cropped, turned and coloured as radiologists expect."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread

from cbvsynth.pages.pictures.montage import (
    CBV_COLOURS,
    SD_COLOURS,
    MontageRow,
    crop_to_brain,
    draw_montage,
    telling_slice,
)

SPACING = (1.0, 1.0)


def row(
    brain: np.ndarray,
    *,
    real: np.ndarray | None = None,
    lesion: np.ndarray | None = None,
    sd: np.ndarray | None = None,
) -> MontageRow:
    zeros = np.zeros(brain.shape, np.float32)
    return MontageRow(
        label="e00",
        anatomy=zeros,
        real=zeros if real is None else real,
        synthetic=zeros,
        brain=brain,
        lesion=np.zeros(brain.shape, bool) if lesion is None else lesion,
        spacing_mm=SPACING,
        sd=sd,
    )


def test_the_slice_with_the_most_lesion_is_shown_and_without_a_lesion_the_most_brain():
    brain = np.zeros((6, 6, 4), bool)
    brain[:, :, 1] = True
    brain[:2, :2, 3] = True
    lesion = np.zeros_like(brain)
    assert telling_slice(brain, lesion) == 1
    lesion[0, 0, 3] = True
    assert telling_slice(brain, lesion) == 3


def test_windows_have_one_size_and_hold_the_whole_brain():
    small, large = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    small[18:22, 20:24] = True
    large[10:30, 12:28] = True
    cropped = crop_to_brain([row(small), row(large)])
    assert cropped[0].brain.shape == cropped[1].brain.shape
    assert cropped[0].brain.shape[0] < 30
    assert [entry.brain.sum() for entry in cropped] == [small.sum(), large.sum()]


def test_a_brain_at_the_border_keeps_what_there_is():
    full = np.ones((12, 9), bool)
    (cropped,) = crop_to_brain([row(full)])
    assert cropped.brain.shape == (12, 9)


def test_a_slice_without_brain_is_shown_whole():
    (cropped,) = crop_to_brain([row(np.zeros((12, 9), bool))])
    assert cropped.brain.shape == (12, 9)


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> np.ndarray:
    """One row; real CBV is high in the patient's right front quarter."""
    real = np.zeros((40, 40), np.float32)
    real[20:, 20:] = 25.0
    path = tmp_path_factory.mktemp("montage") / "montage.png"
    arguments = {"anatomy_label": "T1C", "data_range": 25.0, "target_unit": "mL/100g"}
    draw_montage(path, [row(np.ones((40, 40), bool), real=real)], **arguments)
    again = path.with_name("again.png")
    draw_montage(again, [row(np.ones((40, 40), bool), real=real)], **arguments)
    assert path.read_bytes() == again.read_bytes()
    return imread(path)[..., :3]


def test_the_patients_right_is_on_the_left_and_the_front_is_up(picture: np.ndarray):
    brightest = np.asarray(colormaps[CBV_COLOURS](1.0)[:3])
    height, width = picture.shape[:2]
    column = picture[: int(0.7 * height), int(0.3 * width) : int(0.52 * width)]
    rows, columns = np.nonzero(np.abs(column - brightest).max(axis=2) < 0.02)
    assert rows.size > 1000
    assert rows.mean() < column.shape[0] / 2
    assert columns.mean() < column.shape[1] / 2


def test_how_sure_the_maps_are_is_a_further_column_where_all_know_it(tmp_path, picture: np.ndarray):
    brain, sd = np.ones((40, 40), bool), np.zeros((40, 40), np.float32)
    sd[20:, 20:] = 25.0
    path = tmp_path / "montage.png"
    arguments = {"anatomy_label": "T1C", "data_range": 25.0, "target_unit": "mL/100g"}
    draw_montage(path, [row(brain, sd=sd)], **arguments)
    drawn = imread(path)[..., :3]
    assert drawn.shape[0] == picture.shape[0]
    assert drawn.shape[1] == pytest.approx(picture.shape[1] * 12.8125 / 10.4, abs=2)
    surest = np.asarray(colormaps[SD_COLOURS](0.0)[:3])
    last = drawn[: int(0.7 * len(drawn)), int(0.82 * drawn.shape[1]) :]
    assert (np.abs(last - surest).max(axis=2) < 0.02).mean() > 0.3
    draw_montage(path, [row(brain, sd=sd), row(brain)], **arguments)
    assert imread(path).shape[1] == picture.shape[1]


def test_the_colour_scale_grows_lighter_all_the_way_so_that_it_reads_in_grey():
    colours = colormaps[CBV_COLOURS](np.linspace(0, 1, 64))[:, :3]
    assert (np.diff(colours @ np.array([0.2126, 0.7152, 0.0722])) > 0).all()
