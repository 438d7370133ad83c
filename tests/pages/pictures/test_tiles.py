"""The montage of a page: which slices, cut to the brain, the lesion outlined, a bar that can be read."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.sequences import Sequence
from cbvsynth.pages.pictures.slices import cbv_scale, difference_scale
from cbvsynth.pages.pictures.tiles import (
    Regions,
    anatomy_of,
    bar_of,
    examination_montage,
    map_row,
    read_regions,
    read_slices,
    slices_around,
)
from cbvsynth.records.examinations import ExaminationIndex
from tests.training.cached_study import write_study


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> ExaminationIndex:
    return write_study(tmp_path_factory.mktemp("study"), train=1, held_out=1, without_seg=["e01"])


def regions(depth: int, lesion_at: int) -> Regions:
    brain = np.ones((4, 4, depth), bool)
    lesion = np.zeros_like(brain)
    lesion[0, 0, lesion_at] = True
    return Regions(brain, lesion, (slice(None), slice(None)))


@pytest.mark.parametrize(
    ("depth", "lesion_at", "shown"),
    [(8, 4, [3, 4, 5]), (8, 0, [0, 1, 2]), (8, 7, [5, 6, 7]), (2, 1, [0, 1]), (1, 0, [0])],
)
def test_the_slice_with_the_lesion_stands_between_its_neighbours(
    depth: int, lesion_at: int, shown: list[int]
):
    assert slices_around(regions(depth, lesion_at), 3) == shown


def test_the_window_holds_the_brain_and_a_margin(index: ExaminationIndex):
    found = read_regions(index, "e00")
    assert found.brain[found.window].sum() == found.brain.sum()
    assert found.lesion.any()
    assert not read_regions(index, "e01").lesion.any(), "no segmentation"


def test_slices_are_those_asked_for_as_float32():
    volume = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    found = read_slices(volume, [1, 3])
    assert found.dtype == np.float32
    assert np.array_equal(found, volume[:, :, [1, 3]])


def test_anatomy_reality_synthesis_and_difference_stand_side_by_side(index: ExaminationIndex):
    examination = index.examinations[0]
    synthetic = np.asarray(index.array("e00", "cbv"), np.float32) + 1
    montage = examination_montage(index, examination, synthetic, data_range=25.0, slices=3)
    assert anatomy_of(examination) is Sequence.T1C
    assert montage.titles == ("T1C", "Real CBV", "Synthetic CBV", "Synthetic − real")
    assert [len(row.tiles) for row in montage.rows] == [4, 4, 4]
    tile = montage.rows[1].tiles[2]
    assert tile.alt == "Synthetic CBV, axial slice 4, lesion outlined"
    assert tile.outline
    assert tile.outline_colour != "none"
    assert len({tile.source for tile in montage.rows[1].tiles}) == 4


def test_readers_see_no_outline(index: ExaminationIndex):
    found = read_regions(index, "e00")
    volumes = {"CBV map": read_slices(index.array("e00", "cbv"), [4])}
    row = map_row(volumes, (cbv_scale(25.0),), found, (0, 4), (2.0, 2.0))
    assert row.tiles[0].outline == ""
    assert row.tiles[0].alt == "CBV map, axial slice 5"


def test_a_bar_names_its_ends_and_ticks_with_a_true_minus():
    bar = bar_of(difference_scale(25.0), "Difference, mL/100 g")
    assert [text for _, text in bar.ticks] == ["−6.25", "−3.12", "0", "3.12", "6.25"]
    assert [place for place, _ in bar.ticks] == [0, 25, 50, 75, 100]
    assert bar.alt == "Colour bar, Difference, mL/100 g: -6.25 is violet, 6.25 is orange"
