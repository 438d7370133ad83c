"""SSIM against scikit-image, against its definition, and at its limits."""

import warnings
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from cbvsynth.domain import ssim as ssim_module
from cbvsynth.domain.ssim import SsimWindow, mean_ssim, score_ssim, ssim_map, valid_interior
from cbvsynth.errors import DataError, GridError, UnitError, VolumeError

Volume = npt.NDArray[np.float64]
RANGE = 25.0


def pair(shape: tuple[int, int, int], seed: int = 0, offset: float = 0.0) -> tuple[Volume, Volume]:
    rng = np.random.default_rng(seed)
    real = rng.gamma(2.0, 2.0, shape)
    return real + offset, real + rng.normal(0, 1, shape) + offset


def scikit_image(real: Volume, synthetic: Volume, window: SsimWindow, data_range: float = RANGE) -> float:
    if window is SsimWindow.CUBE:
        return float(structural_similarity(real, synthetic, data_range=data_range, win_size=7))
    slices = [
        structural_similarity(real[..., z], synthetic[..., z], data_range=data_range, win_size=7)
        for z in range(real.shape[2])
    ]
    return float(np.mean(slices))


def by_definition(real: Volume, synthetic: Volume, window: SsimWindow, data_range: float = RANGE) -> Volume:
    """The formula, window by window, in extended precision and with deviations taken from the means."""
    depth = 7 if window is SsimWindow.CUBE else 1
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    shape = (real.shape[0] - 6, real.shape[1] - 6, real.shape[2] - depth + 1)
    values = np.empty(shape)
    for x, y, z in product(*map(range, shape)):
        cut = (slice(x, x + 7), slice(y, y + 7), slice(z, z + depth))
        a, b = real[cut].astype(np.longdouble).ravel(), synthetic[cut].astype(np.longdouble).ravel()
        mean_a, mean_b = a.mean(), b.mean()
        covariance = ((a - mean_a) * (b - mean_b)).sum() / (a.size - 1)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        values[x, y, z] = luminance * (2 * covariance + c2) / (a.var(ddof=1) + b.var(ddof=1) + c2)
    return values


@pytest.mark.parametrize("window", list(SsimWindow))
@pytest.mark.parametrize("shape", [(7, 7, 7), (9, 30, 8), (64, 64, 8), (33, 20, 31)])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_the_mean_equals_scikit_images(
    shape: tuple[int, int, int], window: SsimWindow, offset: float
) -> None:
    real, synthetic = pair(shape, offset=offset)
    ours = mean_ssim(real, synthetic, data_range=RANGE, window=window)
    assert ours == pytest.approx(scikit_image(real, synthetic, window), abs=1e-9)


@pytest.mark.parametrize("window", list(SsimWindow))
def test_float32_maps_are_computed_in_float64(window: SsimWindow) -> None:
    """The common mean used to be subtracted in float32, which cost 1e-9 at 240 x 240 x 20."""
    real, synthetic = (volume.astype(np.float32) for volume in pair((40, 30, 9), offset=500))
    exact = [volume.astype(np.float64) for volume in (real, synthetic)]
    ours = mean_ssim(real, synthetic, data_range=RANGE, window=window)
    assert ours == pytest.approx(mean_ssim(*exact, data_range=RANGE, window=window), abs=1e-14)
    assert ours == pytest.approx(scikit_image(exact[0], exact[1], window), abs=1e-9)


@pytest.mark.parametrize("window", list(SsimWindow))
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e7])
def test_the_map_equals_the_definition_even_far_from_zero(window: SsimWindow, offset: float) -> None:
    real, synthetic = pair((11, 9, 8), offset=offset)
    ours = ssim_map(real, synthetic, data_range=RANGE, window=window)
    np.testing.assert_allclose(ours, by_definition(real, synthetic, window), rtol=0, atol=1e-7)


@pytest.mark.parametrize("window", list(SsimWindow))
def test_the_map_equals_scikit_images_voxel_by_voxel(window: SsimWindow) -> None:
    real, synthetic = pair((20, 17, 12))
    if window is SsimWindow.CUBE:
        _, full = structural_similarity(real, synthetic, data_range=RANGE, win_size=7, full=True)
    else:
        full = np.stack(
            [
                structural_similarity(
                    real[..., z], synthetic[..., z], data_range=RANGE, win_size=7, full=True
                )[1]
                for z in range(12)
            ],
            axis=-1,
        )
    ours = ssim_map(real, synthetic, data_range=RANGE, window=window)
    np.testing.assert_allclose(ours, full[valid_interior(window)], rtol=0, atol=1e-10)


@pytest.mark.parametrize("room_voxels", [1, 3000, 10**9])
def test_the_size_of_the_strips_does_not_show(room_voxels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, synthetic = pair((41, 37, 9))
    for window in SsimWindow:
        expected = ssim_map(real, synthetic, data_range=RANGE, window=window)
        with monkeypatch.context() as changed:
            changed.setattr(ssim_module, "_ROOM_VOXELS", room_voxels)
            strips = ssim_map(real, synthetic, data_range=RANGE, window=window)
        np.testing.assert_allclose(strips, expected, rtol=0, atol=1e-12)


def test_four_scores_from_one_pass_equal_four_single_ones() -> None:
    real, synthetic = pair((30, 28, 9))
    mask = np.random.default_rng(1).random(real.shape) < 0.4
    scores = score_ssim(real, synthetic, mask, data_range=RANGE)
    expected = [
        mean_ssim(real, synthetic, data_range=RANGE, window=window, mask=region)
        for window in SsimWindow
        for region in (None, mask)
    ]
    found = [scores.cube_whole, scores.cube_brain, scores.slice_whole, scores.slice_brain]
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("window", list(SsimWindow))
def test_the_brain_mean_is_over_the_masks_part_of_the_valid_interior(window: SsimWindow) -> None:
    real, synthetic = pair((20, 21, 10))
    mask = np.zeros(real.shape, dtype=bool)
    mask[:9, 4:15, :6] = True
    padded = np.full(real.shape, np.nan)
    padded[valid_interior(window)] = ssim_map(real, synthetic, data_range=RANGE, window=window)
    assert mean_ssim(real, synthetic, data_range=RANGE, window=window, mask=mask) == pytest.approx(
        np.nanmean(padded[mask]), abs=1e-14
    )


def test_a_mask_of_everything_gives_the_whole_volume_mean() -> None:
    real, synthetic = pair((12, 13, 9))
    scores = score_ssim(real, synthetic, np.ones(real.shape, dtype=bool), data_range=RANGE)
    assert scores.cube_brain == pytest.approx(scores.cube_whole, abs=1e-14)
    assert scores.slice_brain == pytest.approx(scores.slice_whole, abs=1e-14)


@pytest.mark.parametrize("window", list(SsimWindow))
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_a_map_equals_itself_exactly(window: SsimWindow, offset: float) -> None:
    real, _ = pair((10, 11, 9), offset=offset)
    assert (ssim_map(real, real.copy(), data_range=RANGE, window=window) == 1.0).all()


@pytest.mark.parametrize("window", list(SsimWindow))
def test_two_constant_volumes_differ_in_luminance_only(window: SsimWindow) -> None:
    c1 = (0.01 * RANGE) ** 2
    ours = mean_ssim(np.full((8, 8, 8), 2.0), np.full((8, 8, 8), 5.0), data_range=RANGE, window=window)
    assert ours == pytest.approx((2 * 2 * 5 + c1) / (2**2 + 5**2 + c1), abs=1e-12)
    assert mean_ssim(np.zeros((8, 8, 8)), np.zeros((8, 8, 8)), data_range=RANGE, window=window) == 1.0


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.01, 100))
def test_it_is_symmetric_at_most_one_and_blind_to_the_unit(seed: int, scale: float) -> None:
    real, synthetic = pair((9, 8, 8), seed)
    forward = ssim_map(real, synthetic, data_range=RANGE)
    backward = ssim_map(synthetic, real, data_range=RANGE)
    scaled = ssim_map(scale * real, scale * synthetic, data_range=scale * RANGE)
    np.testing.assert_allclose(forward, backward, rtol=0, atol=1e-12)
    np.testing.assert_allclose(forward, scaled, rtol=0, atol=1e-9)
    assert (np.abs(forward) <= 1 + 1e-12).all()


def test_more_noise_scores_lower() -> None:
    real, _ = pair((30, 30, 9))
    noise = np.random.default_rng(5).normal(size=real.shape)
    scores = [mean_ssim(real, real + sd * noise, data_range=RANGE) for sd in (0.1, 0.5, 1, 2, 4)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 5


def test_the_dynamic_range_changes_the_value() -> None:
    """The reason why it must be given: a wider range forgives more."""
    real, synthetic = (0.2 * volume for volume in pair((12, 12, 9)))
    narrow, wide = (mean_ssim(real, synthetic, data_range=r) for r in (5.0, 40.0))
    assert narrow < 0.95
    assert wide > 0.97


def test_integer_volumes_and_views_in_any_memory_order_give_the_same() -> None:
    rng = np.random.default_rng(2)
    real, synthetic = rng.integers(0, 200, (2, 10, 12, 9))
    expected = mean_ssim(real.astype(float), synthetic.astype(float), data_range=200)
    assert mean_ssim(real, synthetic, data_range=200) == pytest.approx(expected, abs=1e-14)
    fortran = np.asfortranarray(real), np.asfortranarray(synthetic)
    assert mean_ssim(*fortran, data_range=200) == pytest.approx(expected, abs=1e-14)
    doubled = np.repeat(real, 2, axis=0)[::2], np.repeat(synthetic, 2, axis=0)[::2]
    assert mean_ssim(*doubled, data_range=200) == pytest.approx(expected, abs=1e-14)


def test_the_volumes_are_not_changed() -> None:
    real, synthetic = pair((9, 9, 9))
    before = real.copy(), synthetic.copy()
    real.flags.writeable = synthetic.flags.writeable = False
    score_ssim(real, synthetic, np.ones(real.shape, dtype=bool), data_range=RANGE)
    assert (real == before[0]).all()
    assert (synthetic == before[1]).all()


def test_no_warning_is_raised_on_background_and_flat_regions() -> None:
    real, synthetic = pair((40, 40, 8))
    real[:20], synthetic[:, :20] = 0, 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score_ssim(real, synthetic, real > 0, data_range=RANGE)


# What is refused


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_a_voxel_that_is_not_finite_is_refused_and_its_volume_named(which: int, value: float) -> None:
    volumes = pair((9, 9, 9))
    volumes[which][0, 8, 0] = value
    with pytest.raises(VolumeError, match=f"The {('real', 'synthetic')[which]} volume has 1 voxels"):
        mean_ssim(*volumes, data_range=RANGE)


def test_opposite_infinities_are_refused_without_a_warning() -> None:
    real, synthetic = pair((9, 9, 9))
    synthetic[0, 0, 0], synthetic[1, 1, 1] = np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(VolumeError, match="2 voxels that are NaN or infinite"):
            mean_ssim(real, synthetic, data_range=RANGE)


def test_volumes_of_different_shape_are_refused() -> None:
    with pytest.raises(GridError, match=r"\(9, 9, 9\), the synthetic one \(9, 9, 10\)"):
        mean_ssim(np.zeros((9, 9, 9)), np.zeros((9, 9, 10)), data_range=RANGE)


def test_a_mask_of_another_shape_is_refused() -> None:
    real, synthetic = pair((9, 9, 9))
    with pytest.raises(GridError, match=r"mask has shape \(9, 9, 8\)"):
        mean_ssim(real, synthetic, data_range=RANGE, mask=np.ones((9, 9, 8), dtype=bool))


@pytest.mark.parametrize("shape", [(6, 9, 9), (9, 6, 9), (9, 9), (9, 9, 9, 1), (0, 0, 0)])
@pytest.mark.parametrize("window", list(SsimWindow))
def test_volumes_without_room_for_the_window_are_refused(shape: tuple[int, ...], window: SsimWindow) -> None:
    with pytest.raises(VolumeError, match="three axes of at least"):
        mean_ssim(np.zeros(shape), np.zeros(shape), data_range=RANGE, window=window)


def test_six_slices_are_too_few_for_the_cube_and_one_is_enough_for_the_slice() -> None:
    real, synthetic = pair((12, 12, 6))
    with pytest.raises(VolumeError, match=r"\(7, 7, 7\) voxels"):
        mean_ssim(real, synthetic, data_range=RANGE)
    with pytest.raises(VolumeError):
        score_ssim(real, synthetic, np.ones(real.shape, dtype=bool), data_range=RANGE)
    single = real[..., :1], synthetic[..., :1]
    assert mean_ssim(*single, data_range=RANGE, window=SsimWindow.SLICE) == pytest.approx(
        scikit_image(*single, SsimWindow.SLICE), abs=1e-12
    )


@pytest.mark.parametrize("data_range", [0.0, -25.0, np.nan, np.inf])
def test_a_dynamic_range_that_is_none_is_refused(data_range: float) -> None:
    with pytest.raises(UnitError, match="expected a positive number"):
        mean_ssim(*pair((9, 9, 9)), data_range=data_range)


@pytest.mark.parametrize("fill", ["empty", "border"])
def test_a_mask_without_a_voxel_in_the_interior_is_refused(fill: str) -> None:
    mask = np.zeros((9, 9, 9), dtype=bool)
    if fill == "border":
        mask[:3] = True
    with pytest.raises(VolumeError, match="none of them 3 or more from the border"):
        mean_ssim(*pair((9, 9, 9)), data_range=RANGE, mask=mask)


def test_every_refusal_is_a_data_error() -> None:
    assert all(issubclass(error, DataError) for error in (GridError, UnitError, VolumeError))


@pytest.mark.slow
@pytest.mark.parametrize("window", list(SsimWindow))
def test_a_clinical_matrix_equals_scikit_images(window: SsimWindow) -> None:
    real, synthetic = pair((240, 217, 20))
    ours = mean_ssim(real, synthetic, data_range=RANGE, window=window)
    assert ours == pytest.approx(scikit_image(real, synthetic, window), abs=1e-9)
