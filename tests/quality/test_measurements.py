"""Measurements against brute force, physics and their limits of meaning (NaN, constant, empty)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbvsynth.quality.measurements import (
    HEAD_HEIGHT_MM,
    brain_median,
    brain_volume_ml,
    correlation,
    field_of_view_mm,
    map_support,
    marker_share,
    mask_without_dents,
    share_below_zero,
    voxel_digest,
    whole_brain_volume_ml,
    zero_fraction,
)

SHAPE = (20, 20, 8)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def brain() -> npt.NDArray[np.bool_]:
    """A block of 10 x 10 x 8 = 800 voxels in the middle."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[5:15, 5:15, :] = True
    return mask


class TestZeroFraction:
    def test_counts_zeros_and_non_finite_voxels_inside_the_brain_only(
        self, brain: npt.NDArray[np.bool_]
    ) -> None:
        image = np.where(brain, 1.0, 0.0)
        image[5, 5, :] = 0.0
        image[6, 6, 0] = np.nan

        assert zero_fraction(image, brain) == pytest.approx(9 / 800, abs=1e-12)

    def test_is_not_a_number_without_a_brain(self) -> None:
        assert math.isnan(zero_fraction(np.ones(SHAPE), np.zeros(SHAPE, dtype=bool)))


class TestMapSupport:
    def test_a_map_that_fills_the_brain_has_no_void_and_full_overlap(
        self, brain: npt.NDArray[np.bool_]
    ) -> None:
        support = map_support(brain.astype(float), brain)

        assert (support.void_fraction, support.dice) == (0.0, 1.0)

    def test_a_void_counts_as_a_void_and_not_as_a_displacement(self, brain: npt.NDArray[np.bool_]) -> None:
        image = brain.astype(float)
        image[5:7, 5:15, :] = 0.0  # 160 of 800 voxels

        support = map_support(image, brain)

        assert support.void_fraction == pytest.approx(0.2, abs=1e-12)
        assert support.dice == 1.0

    def test_a_shift_counts_as_a_displacement_and_not_as_a_void(self, brain: npt.NDArray[np.bool_]) -> None:
        """Metal was once reported for every shifted map, as the brain's far side is empty in it."""
        image = np.roll(brain, 2, axis=0).astype(float)

        support = map_support(image, brain)

        assert support.void_fraction == 0.0
        assert support.dice == pytest.approx(0.8, abs=1e-12)  # 2 * 640 / 1600

    def test_a_map_that_is_not_brain_masked_says_nothing_about_its_place(
        self, brain: npt.NDArray[np.bool_]
    ) -> None:
        image = np.ones(SHAPE)
        image[5, 5:15, :] = 0.0

        support = map_support(image, brain)

        assert support.void_fraction == pytest.approx(0.1, abs=1e-12)
        assert math.isnan(support.dice)

    def test_an_empty_map_is_one_void_without_overlap(self, brain: npt.NDArray[np.bool_]) -> None:
        support = map_support(np.zeros(SHAPE), brain)

        assert (support.void_fraction, support.dice) == (1.0, 0.0)

    def test_nothing_is_said_without_a_brain(self) -> None:
        support = map_support(np.ones(SHAPE), np.zeros(SHAPE, dtype=bool))

        assert math.isnan(support.void_fraction)
        assert math.isnan(support.dice)

    @given(shift=st.integers(0, 5), lost_rows=st.integers(0, 4))
    def test_dice_is_that_of_the_formula_when_a_shift_explains_the_loss(
        self, shift: int, lost_rows: int
    ) -> None:
        mask = np.zeros(SHAPE, dtype=bool)
        mask[5:15, 5:15, :] = True
        image = np.roll(mask, shift, axis=1).astype(float)
        image[5 : 5 + lost_rows] = 0.0
        support = map_support(image, mask)
        inside = float(((image != 0) & mask).sum())
        plain = 2 * inside / (float((image != 0).sum()) + float(mask.sum()))

        assert 0.0 <= support.void_fraction <= 1.0
        assert support.dice >= plain - 1e-12
        if support.void_fraction == 0.0:
            assert support.dice == pytest.approx(plain, abs=1e-12)


class TestMaskWithoutDents:
    def test_fills_a_dent_at_the_border_where_another_image_has_tissue(
        self, brain: npt.NDArray[np.bool_]
    ) -> None:
        """Without a mask the brain was where ADC was not 0, so that ADC had no voids."""
        dented = brain.copy()
        x = np.argwhere(brain)[:, 0]
        middle = brain.shape[1] // 2
        dented[x.min() : x.min() + 3, middle - 1 : middle + 2] = False
        tissue = np.where(brain, 100.0, 3.0)

        assert np.array_equal(mask_without_dents(dented, tissue), brain)
        assert np.array_equal(mask_without_dents(dented, np.where(dented, 100.0, 3.0)), dented)

    def test_a_line_of_voxels_and_an_empty_mask_stay_as_they_are(self) -> None:
        line = np.zeros(SHAPE, dtype=bool)
        assert np.array_equal(mask_without_dents(line, np.ones(SHAPE)), line)
        line[3, :, 0] = True
        assert np.array_equal(mask_without_dents(line, np.ones(SHAPE)), line)


class TestCorrelation:
    def test_agrees_with_numpy_in_the_brain(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        first, second = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
        second += first

        oracle = np.corrcoef(first[brain], second[brain])[0, 1]
        assert correlation(first, second, brain) == pytest.approx(oracle, abs=1e-12)

    def test_does_not_depend_on_scale_and_offset(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        image = rng.normal(size=SHAPE)

        assert correlation(image, 3.0 * image + 5.0, brain) == pytest.approx(1.0, abs=1e-12)
        assert correlation(image, -image, brain) == pytest.approx(-1.0, abs=1e-12)

    def test_leaves_out_voxels_that_are_not_finite(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        image = rng.normal(size=SHAPE)
        holed = image.copy()
        holed[7, 7, :] = np.nan

        assert correlation(image, holed, brain) == pytest.approx(1.0, abs=1e-12)

    def test_is_not_a_number_for_a_constant_image_or_a_tiny_brain(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        tiny = np.zeros(SHAPE, dtype=bool)
        tiny[0, 0] = True

        assert math.isnan(correlation(rng.normal(size=SHAPE), np.ones(SHAPE), brain))
        assert math.isnan(correlation(rng.normal(size=SHAPE), rng.normal(size=SHAPE), tiny))


class TestBrainMedian:
    def test_leaves_out_voids_and_what_is_not_finite(self, brain: npt.NDArray[np.bool_]) -> None:
        image = np.full(SHAPE, 800.0)
        image[5:11, :, :] = 0.0
        image[14, 14, 0] = np.inf

        assert brain_median(image, brain) == 800.0

    def test_is_not_a_number_when_nothing_is_left(self, brain: npt.NDArray[np.bool_]) -> None:
        assert math.isnan(brain_median(np.zeros(SHAPE), brain))


class TestVolume:
    def test_counts_millilitres(self, brain: npt.NDArray[np.bool_]) -> None:
        assert brain_volume_ml(brain, (10.0, 10.0, 5.0)) == pytest.approx(400.0)

    def test_a_slab_is_scaled_to_a_head(self, brain: npt.NDArray[np.bool_]) -> None:
        scaled = whole_brain_volume_ml(brain, (10.0, 10.0, 5.0))

        assert scaled == pytest.approx(400.0 * HEAD_HEIGHT_MM / 40.0)

    def test_a_whole_brain_is_not_scaled(self, brain: npt.NDArray[np.bool_]) -> None:
        brain[:, :, 0] = False

        assert whole_brain_volume_ml(brain, (10.0, 10.0, 5.0)) == pytest.approx(350.0)

    def test_a_slab_higher_than_a_head_is_not_shrunk(self, brain: npt.NDArray[np.bool_]) -> None:
        assert whole_brain_volume_ml(brain, (1.0, 1.0, 20.0)) == pytest.approx(16.0)


def test_field_of_view_gives_the_smaller_side_first() -> None:
    assert field_of_view_mm((320, 256, 50), (0.5, 1.0, 3.0)) == (160.0, 256.0)


class TestVoxelDigest:
    def test_is_equal_for_equal_content_whatever_the_memory_order(self, rng: np.random.Generator) -> None:
        image = rng.normal(size=SHAPE).astype(np.float32)

        assert voxel_digest(image) == voxel_digest(np.asfortranarray(image).astype(np.float64))

    def test_differs_when_one_voxel_or_the_shape_does(self, rng: np.random.Generator) -> None:
        image = rng.normal(size=SHAPE).astype(np.float32)
        changed = image.copy()
        changed[3, 3, 3] += 1.0

        assert len({voxel_digest(image), voxel_digest(changed), voxel_digest(image.reshape(20, 8, 20))}) == 3

    def test_takes_negative_zero_for_zero(self, rng: np.random.Generator) -> None:
        image = rng.normal(size=SHAPE).astype(np.float32)
        image[0] = 0.0
        negative = image.copy()
        negative[0] = -0.0

        assert voxel_digest(image) == voxel_digest(negative)

    def test_is_empty_for_an_image_without_contrast(self) -> None:
        assert voxel_digest(np.zeros(SHAPE)) == voxel_digest(np.ones(SHAPE)) == ""


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ([-999.0] * 20 + [3.0] * 80, 0.2),
        ([-1024.0] * 50 + [0.0] * 50, 0.5),
        ([-999.0] * 20 + [3000.0] * 80, 0.2),
        ([-999.0] * 15 + [3.0] * 85, 0.0),  # fewer than 16 voxels
        ([-2.0] * 20 + [3.0] * 80, 0.0),  # no farther below 0 than above
        ([0.0] * 20 + [3.0] * 80, 0.0),
        (list(np.linspace(-5.0, 3.0, 100)), 0.0),  # nobody shares the lowest value
    ],
)
def test_a_mark_for_no_value_is_told_from_scatter(values: list[float], share: float) -> None:
    image = np.array(values, dtype=np.float32).reshape(10, 10, 1)
    assert marker_share(image) == share


def test_the_share_below_zero_is_of_the_brain() -> None:
    image = np.array([-1.0, 0.0, 1.0, -1.0], dtype=np.float32).reshape(4, 1, 1)
    mask = np.array([True, True, True, False]).reshape(4, 1, 1)
    assert share_below_zero(image, mask) == pytest.approx(1 / 3)
    assert math.isnan(share_below_zero(image, np.zeros_like(mask)))
