"""The operations of the networks against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from cbvsynth.models.layers import (
    NORM_EPSILON,
    convolve,
    convolve_reflected,
    deconvolve,
    double,
    fold,
    normalise_instance,
    unfold,
)

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray:
    return RNG.random(shape, np.float32)


def test_unfold_takes_back_fold() -> None:
    volume = drawn(5, 6, 7, 2)
    assert fold(volume).shape == (7, 5, 6, 2)
    np.testing.assert_array_equal(unfold(fold(volume)), volume)


def test_instance_normalisation_follows_its_definition_over_the_whole_volume() -> None:
    slices = (3.0 * drawn(7, 9, 11, 4) + np.arange(4)).astype(np.float32)
    scale, offset = drawn(4), drawn(4)
    exact = slices.astype(np.float64)
    mean, variance = exact.mean(axis=(0, 1, 2)), exact.var(axis=(0, 1, 2))
    expected = (exact - mean) / np.sqrt(variance + NORM_EPSILON) * scale + offset
    np.testing.assert_allclose(normalise_instance(slices, scale, offset), expected, atol=1e-5)


def test_a_constant_channel_becomes_the_offset() -> None:
    normalised = normalise_instance(np.full((7, 8, 8, 2), 3.0, np.float32), np.ones(2), np.array([0.0, 0.5]))
    np.testing.assert_allclose(normalised[..., 0], 0.0, atol=1e-3)
    np.testing.assert_allclose(normalised[..., 1], 0.5, atol=1e-3)


def test_a_large_common_offset_costs_little_accuracy_in_float32() -> None:
    around_zero = RNG.normal(0.0, 1.0, (7, 32, 32, 1))
    expected = (around_zero - around_zero.mean()) / around_zero.std()
    shifted = (1000.0 + around_zero).astype(np.float32)
    np.testing.assert_allclose(normalise_instance(shifted, np.ones(1), np.zeros(1)), expected, atol=0.01)


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (9, 8), (8, 11), (13, 7)])
def test_deconvolution_is_the_transpose_of_the_strided_convolution(rows: int, columns: int) -> None:
    """<convolve(x), y> = <x, deconvolve(y)> for every x and y."""
    large, kernel = drawn(2, rows, columns, 3), drawn(3, 3, 3, 4)
    small = convolve(large, kernel, stride=2)
    other = drawn(*small.shape)
    left = np.vdot(small, other)
    right = np.vdot(large, deconvolve(other, kernel, like=large))
    assert left == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(8, 10), (7, 9)])
def test_double_repeats_every_pixel_and_cuts_to_size(rows: int, columns: int) -> None:
    small = drawn(2, 4, 5, 3)
    expected = np.repeat(np.repeat(small, 2, axis=1), 2, axis=2)[:, :rows, :columns]
    np.testing.assert_array_equal(double(small, like=drawn(2, rows, columns, 1)), expected)


def test_reflected_convolution_mirrors_the_image_at_its_edges() -> None:
    image, kernel = drawn(1, 9, 8, 1), drawn(7, 7, 1, 1)
    mirrored = np.pad(image[0, :, :, 0], 3, mode="reflect")
    by_hand = [
        [(mirrored[row : row + 7, column : column + 7] * kernel[..., 0, 0]).sum() for column in range(8)]
        for row in range(9)
    ]
    np.testing.assert_allclose(convolve_reflected(image, kernel)[0, :, :, 0], by_hand, rtol=1e-5)


def test_convolution_does_not_mix_slices() -> None:
    slices, kernel = drawn(4, 8, 8, 1), drawn(3, 3, 1, 1)
    changed = slices.copy()
    changed[2] += 1.0
    difference = np.abs(convolve(changed, kernel) - convolve(slices, kernel)).max(axis=(1, 2, 3))
    np.testing.assert_array_equal(difference > 0, [False, False, True, False])
