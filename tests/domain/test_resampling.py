"""Resampling against scipy, brute force and exact integrals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation
from scipy.special import erf

from cbvsynth.domain.geometry import Grid
from cbvsynth.domain.resampling import axis_weights, resample, resample_labels
from cbvsynth.domain.volume import Volume
from cbvsynth.errors import VolumeError


def affine_of(
    spacing: tuple[float, float, float],
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    degrees: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ np.diag(spacing)
    affine[:3, 3] = origin
    return affine


def noise(shape: tuple[int, int, int], affine: np.ndarray, seed: int = 3) -> Volume:
    return Volume(np.random.default_rng(seed).uniform(1, 2, shape).astype(np.float32), affine)


def smooth(grid: Grid) -> np.ndarray:
    """A function that linear interpolation follows exactly: a x + b y + c z + d in world millimetres."""
    world = np.einsum("ij,jxyz->ixyz", grid.affine[:3, :3], np.indices(grid.shape).astype(float))
    world += grid.affine[:3, 3][:, None, None, None]
    return 2.0 * world[0] - 0.5 * world[1] + 0.25 * world[2] + 100.0


def test_a_volume_on_the_same_grid_comes_back_bit_for_bit() -> None:
    volume = noise((6, 7, 8), affine_of((1, 2, 3), (4, 5, 6), (10, 20, 30)))
    almost = volume.affine.copy()
    almost[0, 3] += 5e-4

    resampled = resample(volume, Grid(volume.shape, almost))

    np.testing.assert_array_equal(resampled.data, volume.data)
    np.testing.assert_array_equal(resampled.affine, almost)


def test_an_axis_that_agrees_within_a_twentieth_of_a_voxel_is_not_interpolated() -> None:
    """A hundredth of a voxel in plane blurred an image of which only the slices differ."""
    source = noise((6, 7, 8), np.diag([1.0, 1.0, 2.0, 1.0]))
    target = np.diag([1.0, 1.0, 4.0, 1.0])
    target[:3, 3] = (0.0, 0.0, 1.0)
    expected = resample(source, Grid((6, 7, 4), target)).data
    target[:2, 3] = (0.01, -0.04)

    np.testing.assert_array_equal(resample(source, Grid((6, 7, 4), target)).data, expected)
    target[0, 3] = 0.06
    assert np.abs(resample(source, Grid((6, 7, 4), target)).data - expected).max() > 0.01


@pytest.mark.parametrize("degrees", [(0, 0, 0), (5, -8, 12)])
def test_linear_functions_are_reproduced_inside_the_field_of_view(
    degrees: tuple[float, float, float],
) -> None:
    source = Grid((30, 32, 34), affine_of((1.0, 1.1, 0.9), (-15, -17, -15)))
    target = Grid((9, 8, 7), affine_of((0.8, 1.6, 3.1), (-5, -6, -8), degrees))

    resampled = resample(Volume(smooth(source), source.affine), target)

    np.testing.assert_allclose(resampled.data, smooth(target), rtol=1e-5)


def test_finer_axes_are_interpolated_as_scipy_does() -> None:
    source = noise((10, 11, 12), affine_of((2.0, 2.0, 2.0)))
    target = Grid((30, 31, 32), affine_of((0.5, 0.55, 0.6), (0.3, 0.2, 0.1)))

    resampled = resample(source, target)

    index_map = np.linalg.inv(source.affine) @ target.affine
    oracle = ndimage.affine_transform(
        source.data.astype(np.float64),
        index_map[:3, :3],
        index_map[:3, 3],
        target.shape,
        order=1,
        mode="nearest",
    )
    np.testing.assert_allclose(resampled.data, oracle, atol=1e-5)


def test_whole_numbers_of_source_voxels_are_averaged_exactly() -> None:
    source = noise((8, 9, 12), np.eye(4))
    target = Grid((4, 3, 2), affine_of((2.0, 3.0, 6.0), (0.5, 1.0, 2.5)))

    resampled = resample(source, target)

    oracle = source.data.astype(np.float64).reshape(4, 2, 3, 3, 2, 6).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(resampled.data, oracle, rtol=1e-6)


@pytest.mark.parametrize(("step", "offset"), [(2.7, 1.13), (1.4, 0.2), (0.6, 1.3), (1.0, 0.37)])
def test_weights_are_those_of_pieces_cut_at_the_borders_of_source_voxels(step: float, offset: float) -> None:
    """Brute force: each target voxel is cut by hand, each piece read by numpy at its middle."""
    values = np.random.default_rng(4).uniform(1, 2, 20)

    found = axis_weights(20, 6, step, offset) @ values

    for index in range(6):
        start, end = offset + step * (index - 0.5), offset + step * (index + 0.5)
        borders = [start, *(at - 0.5 for at in range(21) if start < at - 0.5 < end), end]
        pieces = list(itertools.pairwise(borders))
        total = sum((b - a) * np.interp((a + b) / 2, np.arange(20), values) for a, b in pieces)
        assert found[index] == pytest.approx(total / step, rel=1e-6)


def test_the_oblique_path_agrees_with_the_separable_one() -> None:
    source = noise((24, 24, 24), np.eye(4))
    source = Volume(ndimage.gaussian_filter(source.data, 2.0), source.affine)
    straight = Grid((7, 7, 3), affine_of((1.5, 1.5, 4.0), (6, 6, 6)))
    tilted = Grid((7, 7, 3), affine_of((1.5, 1.5, 4.0), (6, 6, 6), (0.2, 0.2, 0.2)))

    np.testing.assert_allclose(resample(source, tilted).data, resample(source, straight).data, atol=2e-3)


def by_scipy(source: Volume, grid: Grid) -> np.ndarray:
    """Mean over evenly spread points of each voxel, all of them, by SciPy: the oblique path spelled out."""
    index_map = np.linalg.inv(source.affine) @ grid.affine
    counts = [max(1, int(np.ceil(step - 0.05))) for step in np.linalg.norm(index_map[:3, :3], axis=0)]
    indices = np.indices(grid.shape).reshape(3, -1)
    centres = index_map[:3, :3] @ indices + index_map[:3, 3:]
    points = [
        (np.array(one)[:, None] + 0.5) / np.array(counts)[:, None] - 0.5
        for one in itertools.product(*map(range, counts))
    ]
    data = source.data.astype(np.float64)
    values = [
        ndimage.map_coordinates(data, centres + index_map[:3, :3] @ one, order=1, mode="nearest")
        for one in points
    ]
    sizes = np.array(source.shape)[:, None]
    inside = ((centres >= -0.5) & (centres <= sizes - 0.5)).all(axis=0)
    return np.where(inside, np.mean(values, axis=0), 0.0).reshape(grid.shape)


@pytest.mark.parametrize(
    "filled",
    [
        np.s_[:, :, :],
        np.s_[5:9, 10:13, 4:6],
        np.s_[:3, :2, 9:],
        np.s_[20:21, 0:1, 0:1],
        np.s_[:0, :, :],
    ],
    ids=["everywhere", "inside", "at a corner", "one voxel", "nowhere"],
)
@pytest.mark.parametrize("target_mm", [(2.0, 2.5, 5.0), (0.7, 0.9, 1.0)], ids=["larger", "smaller"])
def test_the_oblique_path_is_scipys_wherever_values_lie(
    filled: tuple[slice, ...], target_mm: tuple[float, float, float]
) -> None:
    """Only the box of voxels that are not 0 is computed; it took 12 times as long for a lesion."""
    dense = noise((24, 20, 12), affine_of((1.0, 1.2, 2.0), (-11.0, -12.0, -12.0), (7, -5, 11)))
    data = np.zeros_like(dense.data)
    data[filled] = dense.data[filled]
    source = Volume(data, dense.affine)
    shape = (14, 12, 6) if target_mm[0] > 1 else (40, 34, 26)
    grid = Grid(shape, affine_of(target_mm, (-13.0, -14.0, -13.0)))
    np.testing.assert_allclose(resample(source, grid).data, by_scipy(source, grid), rtol=0, atol=1e-5)


@pytest.mark.parametrize("degrees", [(0, 0, 0), (0, 0, 30)])
def test_outside_the_field_of_view_everything_is_zero(degrees: tuple[float, float, float]) -> None:
    source = Volume(np.ones((4, 4, 4), np.float32), np.eye(4))
    target = Grid((41, 41, 4), affine_of((0.5, 0.5, 1.0), (-8, -8, 0), degrees))

    resampled = resample(source, target).data

    world = np.einsum("ij,jxyz->ixyz", target.affine[:3, :3], np.indices(target.shape).astype(float))
    world += target.affine[:3, 3][:, None, None, None]
    within = ((world >= -0.5 - 1e-6) & (world <= 3.5 + 1e-6)).all(axis=0)
    np.testing.assert_allclose(resampled, within, atol=1e-6)
    assert 0 < within.sum() < within.size


def test_orientation_of_source_and_target_does_not_matter() -> None:
    source = noise((10, 11, 12), affine_of((1.0, 1.2, 1.4)))
    target = Grid((5, 6, 4), affine_of((2.0, 1.5, 3.0), (1, 1, 2)))
    turned_source = Volume(source.data[::-1].transpose(2, 0, 1), source.affine[:, [2, 0, 1, 3]])
    turned_source.affine[:, 1] *= -1
    turned_source.affine[0, 3] = 9.0
    turned_target = Grid((4, 5, 6), target.affine[:, [2, 0, 1, 3]])

    resampled = resample(turned_source, turned_target)

    np.testing.assert_allclose(resampled.data.transpose(1, 2, 0), resample(source, target).data, atol=1e-6)


@pytest.mark.parametrize(("step", "offset"), [(0.3, -0.4), (1.0, 0.25), (1.7, 0.1), (6.0, 2.5), (3.3, -1.0)])
def test_weights_of_an_axis_sum_to_one_inside_and_zero_outside(step: float, offset: float) -> None:
    weights = axis_weights(20, 12, step, offset)

    centres = offset + step * np.arange(12)
    expected = (centres >= -0.5) & (centres <= 19.5)
    np.testing.assert_allclose(weights.sum(axis=1), expected.astype(float), atol=1e-6)
    assert weights.toarray().min() >= 0.0


def test_equal_spacing_makes_averaging_and_interpolation_the_same() -> None:
    below, above = axis_weights(20, 18, 1.0 - 1e-9, 0.3), axis_weights(20, 18, 1.0 + 1e-9, 0.3)

    np.testing.assert_allclose(below.toarray(), above.toarray(), atol=1e-6)


def test_one_nan_does_not_spread_beyond_its_neighbours() -> None:
    source = noise((8, 8, 8), np.eye(4))
    source.data[4, 4, 4] = np.nan

    resampled = resample(source, Grid((16, 16, 16), affine_of((0.5, 0.5, 0.5))))

    assert 0 < np.isnan(resampled.data).sum() <= 27


class ThickSlices:
    """Gaussian blobs whose mean over any slice is known exactly, in 1 mm and in 6 mm slices."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.centres = rng.uniform((6, 6, 4), (26, 26, 62), (60, 3))
        self.sigmas = rng.uniform(1.0, 2.5, 60)
        self.source = Grid((32, 32, 66), np.eye(4))
        self.target = Grid((32, 32, 9), affine_of((1, 1, 6.0), (0, 0, 6.2)))

    def exact(self, grid: Grid) -> np.ndarray:
        """Mean over each voxel's extent along z, point values in plane."""
        x, y = np.arange(grid.shape[0], dtype=float), np.arange(grid.shape[1], dtype=float)
        thickness = grid.spacing_mm[2]
        z = grid.affine[2, 3] + thickness * np.arange(grid.shape[2])
        volume = np.zeros(grid.shape)
        for (a, b, c), sigma in zip(self.centres, self.sigmas, strict=True):
            plane = np.exp(-0.5 * ((x[:, None] - a) ** 2 + (y[None] - b) ** 2) / sigma**2)
            edges = [(z + side * thickness / 2 - c) / (np.sqrt(2) * sigma) for side in (-1, 1)]
            column = sigma * np.sqrt(np.pi / 2) * (erf(edges[1]) - erf(edges[0])) / thickness
            volume += plane[:, :, None] * column
        return volume


def nrmse(found: np.ndarray, truth: np.ndarray) -> float:
    """Root mean square error over the range of the truth."""
    return float(np.sqrt(np.mean((found - truth) ** 2)) / (truth.max() - truth.min()))


def test_averaging_beats_point_sampling_of_thick_slices_by_far() -> None:
    """Reading 1 mm slices at the middle of 6 mm slices errs by percents, averaging by 0.1 percent."""
    case = ThickSlices()
    source, truth = case.exact(case.source), case.exact(case.target)
    height = case.target.affine[2, 3] + 6.0 * np.arange(9)

    def points(z: np.ndarray) -> np.ndarray:
        return np.stack(
            [ndimage.shift(source, (0, 0, -at), order=1, mode="nearest")[:, :, 0] for at in z], axis=2
        )

    at_the_middle = nrmse(points(height), truth)
    six_sub_slices = nrmse(np.mean([points(height + shift) for shift in np.arange(6) - 2.5], axis=0), truth)
    ours = nrmse(resample(Volume(source, case.source.affine), case.target).data, truth)

    print(f"NRMSE: point {at_the_middle:.4f}, six sub-slices {six_sub_slices:.4f}, ours {ours:.4f}")
    assert at_the_middle > 0.03
    assert six_sub_slices < 0.003
    assert ours < 0.003


def test_an_oblique_thick_slice_is_averaged_too() -> None:
    case = ThickSlices()
    truth = case.exact(case.target)
    tilted = Grid(case.target.shape, affine_of((1, 1, 6.0), (0, 0, 6.2), (0.05, 0.05, 0)))

    assert nrmse(resample(Volume(case.exact(case.source), np.eye(4)), tilted).data, truth) < 0.005


def test_labels_on_the_same_grid_come_back_bit_for_bit() -> None:
    labels = np.random.default_rng(1).integers(0, 5, (5, 5, 5)).astype(np.float32)

    np.testing.assert_array_equal(
        resample_labels(Volume(labels, np.eye(4)), Grid((5, 5, 5), np.eye(4))).data, labels
    )


def test_larger_voxels_take_the_label_of_the_majority() -> None:
    """Brute force over blocks of 3 x 3 x 3, where ties between three labels are possible."""
    labels = np.random.default_rng(2).integers(0, 4, (12, 12, 12)).astype(np.float32)
    target = Grid((4, 4, 4), affine_of((3, 3, 3), (1, 1, 1)))

    found = resample_labels(Volume(labels, np.eye(4)), target).data

    blocks = labels.reshape(4, 3, 4, 3, 4, 3).transpose(0, 2, 4, 1, 3, 5).reshape(4, 4, 4, 27).astype(int)
    oracle = np.apply_along_axis(lambda block: np.bincount(block, minlength=4).argmax(), -1, blocks)
    np.testing.assert_array_equal(found, oracle)


def test_smaller_voxels_take_the_nearest_label() -> None:
    labels = np.zeros((4, 4, 4), np.float32)
    labels[1:3, 1:3, 1:3] = 7
    target = Grid((12, 12, 12), affine_of((1 / 3, 1 / 3, 1 / 3), (-1 / 3, -1 / 3, -1 / 3)))

    found = resample_labels(Volume(labels, np.eye(4)), target).data

    assert set(np.unique(found)) == {0.0, 7.0}
    np.testing.assert_array_equal(found[1::3, 1::3, 1::3], labels)


def test_a_label_outside_the_field_of_view_is_zero() -> None:
    labels = Volume(np.full((2, 2, 2), 3, np.float32), np.eye(4))

    found = resample_labels(labels, Grid((6, 2, 2), affine_of((1, 1, 1), (-2, 0, 0)))).data

    assert found[:, 0, 0].tolist() == [0, 0, 3, 3, 0, 0]


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0])
def test_what_is_not_a_label_is_refused(value: float) -> None:
    with pytest.raises(VolumeError, match="whole numbers from 0 to 255"):
        resample_labels(Volume(np.full((2, 2, 2), value, np.float32), np.eye(4)), Grid((2, 2, 2), np.eye(4)))
