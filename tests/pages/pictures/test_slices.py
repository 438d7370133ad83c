"""Slices as PNG: another program reads the same pixels, and the same slice gives the same bytes."""

import base64
from io import BytesIO

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread

from cbvsynth.pages.pictures.slices import (
    cbv_scale,
    colour_bar,
    grey_scale,
    outline,
    palette,
    slice_png,
)


def pixels(uri):
    return np.round(255 * imread(BytesIO(base64.b64decode(uri.partition(",")[2])), format="png")).astype(int)


def test_the_image_has_a_palette_of_8_bits_and_another_program_reads_its_colours():
    values = np.random.default_rng(1).uniform(0, 12.5, (37, 53)).astype(np.float32)
    uri = slice_png(values, np.ones(values.shape, bool), cbv_scale(25.0))
    header = base64.b64decode(uri.partition(",")[2])[:33]
    assert header[24:26] == bytes((8, 3)), "bit depth, and colour type 3: palette"
    expected = np.round(255 * colormaps["inferno"](np.round(254 * values / 12.5) / 254)[..., :3])
    assert np.array_equal(pixels(uri)[..., :3], expected.transpose(1, 0, 2)[::-1, ::-1])


def test_a_slice_lies_as_radiologists_look_at_it_and_is_black_outside():
    image, brain = np.zeros((4, 6), np.float32), np.ones((4, 6), bool)
    image[0, 5] = 12.5  # the patient's left (x low), front (y high)
    brain[3, 0] = False
    shown = pixels(slice_png(image, brain, cbv_scale(25.0)))[..., :3]
    assert shown.shape == (6, 4, 3)
    assert shown[0, 3].tolist() == palette("inferno")[255].tolist(), "left on the right, front on top"
    assert shown[5, 0].tolist() == [0, 0, 0]


def test_colours_are_matplotlibs_and_values_beyond_the_scale_keep_its_ends():
    scale, brain = cbv_scale(25.0), np.ones((1, 4), bool)
    shown = pixels(slice_png(np.array([[-3.0, 0.0, 12.5, 99.0]], np.float32), brain, scale))[::-1, 0, :3]
    low, high = (np.round(255 * np.array(colormaps["inferno"](end)[:3])) for end in (0.0, 1.0))
    assert np.array_equal(shown, [low, low, high, high])
    bar = pixels(colour_bar(scale))[0, :, :3]
    assert np.array_equal(bar[[0, -1]], [low, high])


def test_a_constant_image_has_a_scale():
    image, brain = np.full((3, 3), 7.0, np.float32), np.ones((3, 3), bool)
    assert grey_scale(image, brain).high > grey_scale(image, brain).low
    assert grey_scale(image, ~brain).high == 1.0
    assert slice_png(image, brain, grey_scale(image, brain)) == slice_png(
        image, brain, grey_scale(image, brain)
    )


@pytest.mark.parametrize(
    ("voxels", "edges"), [([], 0), ([(1, 1)], 4), ([(1, 1), (1, 2)], 6), ([(0, 0)], 4), ([(1, 1), (2, 2)], 8)]
)
def test_an_outline_has_one_edge_for_each_border_between_in_and_out(voxels, edges):
    region = np.zeros((4, 5), bool)
    for place in voxels:
        region[place] = True
    assert outline(region).count("M") == edges


def test_an_outline_lies_on_the_voxel_of_the_picture():
    region = np.zeros((4, 5), bool)
    region[0, 4] = True  # shown at column 3, row 0
    assert set(outline(region).replace("M", " M").split(" M")[1:]) == {"3 0h1", "3 1h1", "3 0v1", "4 0v1"}
