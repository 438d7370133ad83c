"""Grids, orientation and overlap; nibabel is the oracle for the canonical orientation."""

from __future__ import annotations

import itertools
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cbvsynth.domain.examination import ORIENTATIONS
from cbvsynth.domain.geometry import (
    Grid,
    axes_of,
    canonical_grid,
    canonical_reorientation,
    centre_distance_mm,
    centred_grid,
    covered_share,
    covered_share_of_mask,
    from_canonical,
    grids_equal,
    in_place_of,
    inside,
    largest_distance_mm,
    largest_shift,
    lies_on,
    to_canonical,
)
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import GridError

SIGNED_AXES = [
    np.eye(3)[list(order)] * np.array(signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]


def affine_of(matrix: np.ndarray, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = origin
    return affine


def volume_with(affine: np.ndarray, shape: tuple[int, int, int] = (5, 6, 7)) -> Volume:
    rng = np.random.default_rng(7)
    return Volume(rng.normal(size=shape).astype(np.float32), affine)


@pytest.mark.parametrize("axes", SIGNED_AXES)
def test_each_of_the_48_orientations_becomes_what_nibabel_makes_of_it(axes: np.ndarray) -> None:
    volume = volume_with(affine_of(axes @ np.diag([0.9, 1.1, 3.0]), (-80.5, 20.25, 7.0)))

    turned = to_canonical(volume)

    oracle = nibabel.as_closest_canonical(nibabel.Nifti1Image(volume.data, volume.affine))
    np.testing.assert_array_equal(turned.data, np.asarray(oracle.dataobj))
    np.testing.assert_allclose(turned.affine, oracle.affine, rtol=0, atol=1e-12)
    assert nibabel.aff2axcodes(turned.affine) == ("R", "A", "S")


def test_random_oblique_and_sheared_affines_become_what_nibabel_makes_of_them() -> None:
    rng = np.random.default_rng(11)
    for seed in range(200):
        matrix = Rotation.random(random_state=seed).as_matrix() @ np.diag(rng.uniform(0.5, 6.0, 3))
        matrix = matrix @ (np.eye(3) + rng.uniform(-0.1, 0.1, (3, 3)))
        volume = volume_with(affine_of(matrix, tuple(rng.uniform(-100, 100, 3))))

        turned = to_canonical(volume)

        oracle = nibabel.as_closest_canonical(nibabel.Nifti1Image(volume.data, volume.affine))
        np.testing.assert_array_equal(turned.data, np.asarray(oracle.dataobj))
        np.testing.assert_allclose(turned.affine, oracle.affine, rtol=0, atol=1e-9)


def test_the_way_to_canonical_and_back_changes_no_bit() -> None:
    for seed, axes in enumerate(SIGNED_AXES):
        tilt = Rotation.from_euler("xyz", [11, -7, 3], degrees=True).as_matrix()
        volume = volume_with(affine_of(tilt @ axes @ np.diag([0.7, 0.8, 5.0 + seed]), (1 / 3, -2 / 7, 1e3)))

        back = from_canonical(to_canonical(volume), Grid.of(volume))

        np.testing.assert_array_equal(back.data, volume.data)
        np.testing.assert_array_equal(back.affine, volume.affine)


def test_canonical_turning_leaves_every_value_at_its_place_in_the_world() -> None:
    tilt = Rotation.from_euler("xyz", [20, 10, -15], degrees=True).as_matrix()
    matrix = tilt @ SIGNED_AXES[29] @ np.diag([1.0, 2.0, 3.0])
    volume = volume_with(affine_of(matrix, (5, 6, 7)))
    turned = to_canonical(volume)
    for index in np.ndindex(*volume.shape):
        world = volume.affine @ [*index, 1.0]
        found = np.linalg.inv(turned.affine) @ world
        rounded = np.rint(found[:3]).astype(int)
        np.testing.assert_allclose(found[:3], rounded, atol=1e-9)
        assert turned.data[tuple(rounded)] == volume.data[index]


def test_turning_a_canonical_volume_changes_nothing() -> None:
    volume = volume_with(affine_of(np.diag([1.0, 2.0, 3.0])))

    assert canonical_reorientation(volume.affine).order == (0, 1, 2)
    np.testing.assert_array_equal(to_canonical(volume).data, volume.data)


def test_the_icbm152_template_keeps_its_affine_through_canonical_and_back() -> None:
    spec = find_spec("nilearn")
    assert spec is not None
    assert spec.origin is not None
    path = next((Path(spec.origin).parent / "datasets" / "data").glob("mni_icbm152_t1*.nii.gz"))
    image = nibabel.load(path)
    volume = Volume(image.get_fdata(dtype=np.float32), image.affine)

    back = from_canonical(to_canonical(volume), Grid.of(volume))

    np.testing.assert_array_equal(back.affine, image.affine)
    np.testing.assert_array_equal(back.data, volume.data)


def test_a_volume_of_another_grid_is_not_turned_back() -> None:
    volume = volume_with(affine_of(np.diag([-1.0, 2.0, 3.0])))
    with pytest.raises(GridError, match="Resample it to that grid first"):
        from_canonical(to_canonical(volume), Grid((5, 6, 8), volume.affine))


@pytest.mark.parametrize("shift_mm", [0.0, 0.0009, 0.0011])
def test_grids_are_equal_up_to_a_micrometre(shift_mm: float) -> None:
    first = Grid((4, 4, 4), np.eye(4))
    second = Grid((4, 4, 4), affine_of(np.eye(3), (0.0, shift_mm, 0.0)))

    assert grids_equal(first, second) is (shift_mm < 0.001)


def test_a_small_tilt_counts_at_the_far_corner() -> None:
    first = Grid((201, 4, 4), np.eye(4))
    tilted = np.eye(4)
    tilted[2, 0] = 1e-5
    assert largest_distance_mm(first, Grid((201, 4, 4), tilted)) == pytest.approx(2e-3)
    assert not grids_equal(first, Grid((201, 4, 4), tilted))


@pytest.mark.parametrize(
    ("shift_voxels", "lies"), [(0.0, True), (0.049, True), (-0.049, True), (0.051, False)]
)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_image_within_a_twentieth_of_a_voxel_lies_on_the_grid(
    shift_voxels: float, axis: int, *, lies: bool
) -> None:
    """A micrometre was the limit, whatever the voxel: other programs' affines differ by up to fifty."""
    spacing = np.array([0.5, 1.0, 6.0])
    turn = Rotation.from_euler("xyz", [20, -10, 5], degrees=True).as_matrix()
    affine = affine_of(turn @ np.diag(spacing), (10.0, 20.0, 30.0))
    moved = affine.copy()
    moved[:3, 3] += affine[:3, axis] * shift_voxels
    reference = Grid((64, 64, 8), affine)
    assert lies_on(Grid((64, 64, 8), moved), reference) is lies
    assert largest_shift(Grid((64, 64, 8), moved), reference) == pytest.approx(abs(shift_voxels), abs=1e-9)


def test_a_tilt_moves_an_image_off_the_grid_by_its_far_corner() -> None:
    first = Grid((512, 512, 20), np.diag([0.45, 0.45, 6.0, 1.0]))
    turn = affine_of(Rotation.from_euler("z", 2e-5).as_matrix())
    assert lies_on(Grid(first.shape, turn @ first.affine), first)
    assert not lies_on(Grid(first.shape, np.linalg.matrix_power(turn, 10) @ first.affine), first)


@pytest.mark.parametrize("axes", ORIENTATIONS)
def test_a_grid_whose_axes_run_as_stated_is_what_nibabel_calls_so(axes: str) -> None:
    grid = centred_grid((4, 5, 6), (1.0, 2.0, 3.0), axes)
    assert "".join(nibabel.aff2axcodes(grid.affine)) == axes == axes_of(grid.affine)
    assert grid.spacing_mm == (1.0, 2.0, 3.0)
    np.testing.assert_allclose(grid.centre_mm, 0)


def test_there_are_48_orientations() -> None:
    assert len(set(ORIENTATIONS)) == 48


@pytest.mark.parametrize("axes", ["RAS", "LPS", "SAL"])
def test_a_grid_takes_the_place_of_another_in_its_own_order(axes: str) -> None:
    turn = Rotation.from_euler("xyz", [20, -10, 5], degrees=True).as_matrix()
    there = Grid((4, 5, 6), affine_of(turn @ np.diag([-1.0, -2.0, 3.0]), (10.0, 20.0, 30.0)))
    shape, spacing = ((6, 5, 4), (3.0, 2.0, 1.0)) if axes == "SAL" else ((4, 5, 6), (1.0, 2.0, 3.0))
    moved = in_place_of(centred_grid(shape, spacing, axes), there)
    assert axes_of(moved.affine) == axes
    np.testing.assert_allclose(canonical_grid(moved).affine, canonical_grid(there).affine, atol=1e-9)
    assert moved.shape == shape


def test_grids_of_other_shapes_are_not_equal_and_have_no_distance() -> None:
    first, second = Grid((4, 4, 4), np.eye(4)), Grid((4, 4, 5), np.eye(4))

    assert not grids_equal(first, second)
    with pytest.raises(GridError, match="no voxels in common"):
        largest_distance_mm(first, second)
    assert not lies_on(first, second)
    with pytest.raises(GridError, match="no voxels in common"):
        largest_shift(first, second)


@pytest.mark.parametrize(
    ("shape", "affine", "message"),
    [
        ((4, 0, 4), np.eye(4), "at least one voxel"),
        ((4, 4, 4), np.zeros((4, 4)), "last row"),
        ((4, 4, 4), np.diag([1.0, 1.0, 0.0, 1.0]), "voxel size of zero"),
        ((4, 4, 4), np.full((4, 4), np.nan), "not finite"),
    ],
)
def test_a_grid_that_maps_no_volume_is_refused(
    shape: tuple[int, int, int], affine: np.ndarray, message: str
) -> None:
    with pytest.raises(GridError, match=message):
        Grid(shape, affine)


def test_covered_share_is_the_share_of_the_field_of_view() -> None:
    whole = Grid((32, 32, 32), np.eye(4))

    assert covered_share(whole, whole) == 1.0
    assert covered_share(whole, Grid((32, 32, 32), affine_of(np.eye(3), (16, 0, 0)))) == pytest.approx(0.5)
    assert covered_share(whole, Grid((16, 16, 16), affine_of(np.eye(3), (8, 8, 8)))) == 1.0
    assert covered_share(Grid((16, 16, 16), affine_of(np.eye(3), (8, 8, 8))), whole) == pytest.approx(1 / 8)
    assert covered_share(whole, Grid((32, 32, 32), affine_of(np.eye(3), (40, 0, 0)))) == 0.0


def test_outer_voxels_lie_inside_in_full() -> None:
    points = np.array([[-0.5, 0, 0], [-0.51, 0, 0], [3.5, 0, 0], [3.51, 0, 0]]).T

    assert inside(Grid((4, 1, 1), np.eye(4)), points).tolist() == [True, False, True, False]


def test_covered_share_of_a_mask_counts_its_voxels_only() -> None:
    mask = np.zeros((10, 4, 4), dtype=bool)
    mask[4:8] = True
    grid = Grid((10, 4, 4), np.eye(4))

    assert covered_share_of_mask(Grid((6, 4, 4), np.eye(4)), mask, grid) == 0.5
    assert covered_share_of_mask(grid, mask, grid) == 1.0
    assert covered_share_of_mask(Grid((1, 1, 1), np.eye(4)), np.zeros_like(mask), grid) == 1.0


def test_centres_are_compared_in_the_world() -> None:
    first = Grid((5, 5, 5), np.eye(4))
    flipped = Grid((5, 5, 5), affine_of(np.diag([-1.0, 1.0, 1.0]), (4.0, 0.0, 12.0)))

    assert centre_distance_mm(first, flipped) == pytest.approx(12.0)
    assert canonical_grid(flipped).affine[0, 3] == 0.0
