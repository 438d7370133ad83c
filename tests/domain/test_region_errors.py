"""Where a map errs: every voxel is counted where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.region_errors import RegionError, RegionKind, place_name, region_errors
from cbvsynth.domain.sequences import Sequence
from cbvsynth.errors import GridError

SHAPE = (24, 30, 9)


def errors(synthetic: np.ndarray, seg: np.ndarray | None = None) -> dict[tuple[RegionKind, str], RegionError]:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2:22, 3:27] = True
    rng = np.random.default_rng(1)
    rows = region_errors(
        np.full(SHAPE, 3.0, np.float32),
        synthetic.astype(np.float32),
        mask,
        seg,
        {Sequence.T2: rng.uniform(1, 9, SHAPE)},
        (2.0, 2.0, 5.0),
        exam_id="e0",
        subject_id="p0",
    )
    return {(row.kind, row.region): row for row in rows}


def lesion() -> np.ndarray:
    seg = np.zeros(SHAPE, np.uint8)
    seg[5:8, 5:8, 3:6] = 3
    seg[6, 6, 4] = 1
    return seg


def test_an_error_in_one_place_is_found_there_with_its_sign():
    synthetic = np.full(SHAPE, 3.0)
    synthetic[12:22, 19:27, 6:9] = 2.0
    found = errors(synthetic)
    place = found[RegionKind.PLACE, place_name("right", "front", "high")]
    assert (place.mae, place.bias) == pytest.approx((1.0, -1.0))
    others = [row for (kind, name), row in found.items() if kind is RegionKind.PLACE and row is not place]
    assert len(others) == 17
    assert {row.mae for row in others} == {0.0}
    assert sum(row.voxels for row in (place, *others)) == 20 * 24 * 9


def test_the_regions_of_a_kind_hold_every_voxel_once():
    seg = lesion()
    found = errors(np.full(SHAPE, 3.5), seg)
    total, of_lesion = 20 * 24 * 9, int((seg > 0).sum())
    for kind, expected in (
        (RegionKind.TISSUE, total - of_lesion),
        (RegionKind.LESION, of_lesion),
        (RegionKind.DISTANCE, total - of_lesion),
        (RegionKind.DEPTH, total),
        (RegionKind.PLACE, total),
    ):
        assert sum(row.voxels for (one, _), row in found.items() if one is kind) == expected, kind
    assert {row.mae for row in found.values()} == {0.5}


def test_an_error_in_the_lesion_is_not_one_around_it():
    seg = lesion()
    found = errors(np.where(seg == 3, 7.0, 3.0), seg)
    assert found[RegionKind.LESION, "enhancing or solid"].bias == pytest.approx(4.0)
    assert found[RegionKind.LESION, "necrosis"].mae == 0.0
    assert found[RegionKind.DISTANCE, "up to 10 mm"].mae == 0.0


def test_distance_is_in_millimetres_and_not_in_voxels():
    seg = np.zeros(SHAPE, np.uint8)
    seg[10, 12, 4] = 3
    found = errors(np.full(SHAPE, 3.0), seg)
    x, y, z = np.ogrid[:24, :30, :9]
    away = np.sqrt((2.0 * (x - 10)) ** 2 + (2.0 * (y - 12)) ** 2 + (5.0 * (z - 4)) ** 2)
    inside = (x >= 2) & (x < 22) & (y >= 3) & (y < 27)
    assert found[RegionKind.DISTANCE, "up to 10 mm"].voxels == int(((away <= 10) & (away > 0) & inside).sum())


def test_the_surface_is_as_deep_as_it_says_and_only_in_plane():
    found = errors(np.full(SHAPE, 3.0))
    assert found[RegionKind.DEPTH, "deeper than 6 mm"].voxels == (20 - 6) * (24 - 6) * 9


def test_without_a_lesion_there_is_neither_part_nor_distance():
    assert {kind for kind, _ in errors(np.full(SHAPE, 3.0))} == {
        RegionKind.TISSUE,
        RegionKind.DEPTH,
        RegionKind.PLACE,
    }


def test_maps_of_another_shape_are_refused():
    with pytest.raises(GridError, match="e0: arrays of shape"):
        errors(np.zeros((4, 4, 4)))
