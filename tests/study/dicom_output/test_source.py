"""The source's slices, and a map brought onto them from any order of axes."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError
from cbvsynth.study.dicom_output.source import read_source
from tests.study.dicom.dicom_files import SPACING_MM, position
from tests.study.dicom_output.maps import RAS_LPS, made_up_planes, map_on, series_in, values_at

ORDERS = [(order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)]


def planes_affine() -> np.ndarray:
    """From (column, row, slice) to RAS mm."""
    planes = made_up_planes()
    between_rows, between_columns, _ = planes.spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = planes.row_direction * between_columns
    affine[:3, 1] = planes.column_direction * between_rows
    affine[:3, 2] = planes.positions_mm[1] - planes.positions_mm[0]
    affine[:3, 3] = planes.positions_mm[0]
    return RAS_LPS @ affine


@pytest.mark.parametrize(("order", "flips"), ORDERS)
def test_frames_are_the_map_whatever_the_order_and_direction_of_its_axes(order, flips) -> None:
    wanted = np.random.default_rng(1).uniform(0, 9, (4, 5, 6)).astype(np.float32)
    data, affine = np.transpose(wanted, order), planes_affine()[:, [*order, 3]]
    for axis, flip in enumerate(flips):
        if flip < 0:
            data = np.flip(data, axis)
            affine = affine @ _reversed(axis, data.shape[axis])
    frames = made_up_planes().frames(Volume(data, affine))
    np.testing.assert_array_equal(frames, np.transpose(wanted, (2, 1, 0)))


def _reversed(axis: int, size: int) -> np.ndarray:
    turned = np.eye(4)
    turned[axis, axis], turned[axis, 3] = -1.0, size - 1.0
    return turned


@pytest.mark.parametrize(
    ("shift", "shape"), [(0.02, (4, 5, 6)), (0.0, (4, 5, 7)), (0.0, (5, 4, 6)), (1.0, (4, 5, 6))]
)
def test_a_map_on_another_grid_is_refused(shift: float, shape: tuple[int, int, int]) -> None:
    affine = planes_affine()
    affine[:3, 3] += shift * affine[:3, 0]
    with pytest.raises(GridError, match="expected that series' own grid"):
        made_up_planes().frames(Volume(np.zeros(shape, np.float32), affine))


def test_rounding_of_tags_is_no_other_grid() -> None:
    affine = planes_affine()
    affine[:3, 3] += 0.009 * affine[:3, 0]
    assert made_up_planes().frames(Volume(np.zeros((4, 5, 6), np.float32), affine)).shape == (6, 5, 4)


@pytest.mark.parametrize("files", [8, 1])
def test_the_headers_say_where_the_slices_lie(tmp_path: Path, files: int) -> None:
    series = series_in(tmp_path / "in", enhanced=files == 1)
    found = read_source(series)
    assert len(found.headers) == files
    np.testing.assert_allclose(found.positions_mm, [position(index) for index in range(8)], atol=1e-9)
    assert (found.spacing_mm, found.rows, found.columns) == (SPACING_MM, 20, 16)
    assert "PixelData" not in found.first
    cbv = map_on(series, tmp_path)
    affine = np.diag([SPACING_MM[1], SPACING_MM[0], SPACING_MM[2], 1.0])
    affine[:3, 3] = position(0)
    expected = values_at(cbv, RAS_LPS @ affine, (16, 20, 8))
    np.testing.assert_array_equal(found.frames(cbv), np.transpose(expected, (2, 1, 0)))
