"""A volume holds voxels and their place, or says what is wrong with either."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.domain.volume import Volume, affine_problem
from cbvsynth.errors import VolumeError

TURNED = np.array([[0.0, -2.0, 0.0, 5.0], [1.5, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, -7.0], [0.0, 0.0, 0.0, 1.0]])


def test_other_number_types_become_float32_and_float64() -> None:
    volume = Volume(np.ones((2, 3, 4), np.int16), np.eye(4, dtype=np.float32))
    assert (volume.data.dtype, volume.affine.dtype) == (np.float32, np.float64)
    assert volume.shape == (2, 3, 4)


def test_spacing_is_the_length_of_the_steps_however_the_axes_are_turned() -> None:
    assert Volume(np.ones((1, 1, 1)), TURNED).spacing_mm == (1.5, 2.0, 3.0)


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5, 1), (3, 0, 5), ()])
def test_what_is_not_three_dimensional_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(VolumeError, match="expected three dimensions, none empty"):
        Volume(np.ones(shape), np.eye(4))


def changed(row: int, column: int, value: float) -> np.ndarray:
    affine = np.eye(4)
    affine[row, column] = value
    return affine


@pytest.mark.parametrize(
    ("affine", "problem"),
    [
        (np.eye(3), "has shape (3, 3)"),
        (changed(0, 3, np.nan), "is not finite"),
        (changed(3, 0, 1.0), "has a last row other than 0 0 0 1"),
        (changed(1, 1, 0.0), "has a voxel size of zero"),
        (changed(0, 1, 1e4), "is singular: two of its axes point the same way"),
    ],
)
def test_an_affine_that_leads_nowhere_is_refused_in_words(affine: np.ndarray, problem: str) -> None:
    assert affine_problem(affine) == problem
    with pytest.raises(VolumeError, match="expected a finite, invertible"):
        Volume(np.ones((1, 1, 1)), affine)


@pytest.mark.parametrize(("degrees", "fits"), [(0, True), (80, True), (89.9, True), (89.99, False)])
def test_a_gantry_tilt_is_no_singularity(degrees: float, fits: bool) -> None:  # noqa: FBT001
    tilt = np.radians(degrees)
    affine = np.diag([1.0, 1.0, np.cos(tilt), 1.0])
    affine[1, 2] = np.sin(tilt)
    assert (affine_problem(affine) == "") is fits
