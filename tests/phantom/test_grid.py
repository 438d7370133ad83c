from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.errors import UsageError
from cbvsynth.phantom.grid import CENTRE_MM, FIELD_OF_VIEW_MM, HEAD_REACH_MM, SLAB_MM, Grid


@pytest.mark.parametrize("grid", [Grid(16, 7), Grid(64, 8), Grid(65, 21), Grid(128, 20), Grid(320, 50)])
def test_the_grid_spans_the_field_of_view_around_its_middle(grid: Grid) -> None:
    extent = np.array(grid.shape) * np.array(grid.spacing_mm)
    np.testing.assert_allclose(extent, (FIELD_OF_VIEW_MM, FIELD_OF_VIEW_MM, SLAB_MM))
    middle = np.array(grid.origin_mm) + (np.array(grid.shape) - 1) / 2 * np.array(grid.spacing_mm)
    np.testing.assert_allclose(middle, CENTRE_MM, atol=1e-9)


@pytest.mark.parametrize("grid", [Grid(16, 7), Grid(33, 8), Grid(64, 8), Grid(320, 50)])
def test_averaging_positions_over_a_voxels_parts_gives_the_voxels_centre(grid: Grid) -> None:
    axes = grid.fine_axes_mm()
    within = (*grid.head, slice(None))
    for axis, index in enumerate(("x", "y", "z")):
        shape = [1, 1, 1]
        shape[axis] = -1
        fine = np.broadcast_to(axes[axis].reshape(shape), [values.size for values in axes])
        centres = grid.origin_mm[axis] + np.arange(grid.shape[axis]) * grid.spacing_mm[axis]
        expected = np.broadcast_to(centres.reshape(shape), grid.shape)[within]
        np.testing.assert_allclose(grid.voxel_means(fine)[within], expected, atol=1e-9, err_msg=index)


def test_the_computed_part_holds_every_place_that_a_head_can_reach() -> None:
    x, y, _ = Grid(64, 8).fine_axes_mm()
    assert min(CENTRE_MM[0] - x[0], x[-1] - CENTRE_MM[0]) >= HEAD_REACH_MM[0]
    assert min(CENTRE_MM[1] - y[0], y[-1] - CENTRE_MM[1]) >= HEAD_REACH_MM[1]


@pytest.mark.parametrize(
    ("matrix", "slices", "word"),
    [(15, 8, "matrix"), (513, 8, "matrix"), (64, 6, "slices"), (64, 513, "slices")],
)
def test_a_grid_out_of_range_is_refused_with_the_range(matrix: int, slices: int, word: str) -> None:
    with pytest.raises(UsageError, match=rf"{word} is \d+; the phantom has \d+ .*to 512"):
        Grid(matrix, slices)
