"""A mask's values are understood: two values, probabilities, a masked image; nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cbvsynth.domain.brain_masks import brain_of
from cbvsynth.errors import VolumeError


def _ball(size: int = 40, radius: float = 13.0) -> np.ndarray:
    distance = np.linalg.norm(np.indices((size,) * 3) - (size - 1) / 2, axis=0)
    return distance < radius


@pytest.mark.parametrize("value", [1.0, 255.0, 0.25, 7.0])
def test_two_values_are_a_mask(value: float) -> None:
    brain, words = brain_of(np.where(_ball(), value, 0.0).astype(np.float32))
    np.testing.assert_array_equal(brain, _ball())
    assert words == ""


@pytest.mark.parametrize("full", [1.0, 100.0, 255.0])
@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
def test_probabilities_count_from_a_half_up(full: float, sigma: float) -> None:
    """Every voxel above 0 was brain: a mask smoothed by two voxels had half as much volume again and more."""
    smooth = full * ndimage.gaussian_filter(_ball().astype(np.float64), sigma)
    stored = (np.rint(smooth) if full == 255.0 else smooth).astype(np.float32)
    brain, words = brain_of(stored)
    np.testing.assert_array_equal(brain, stored >= full / 2)
    assert abs(int(brain.sum()) / int(_ball().sum()) - 1) < 0.07
    assert words == f"probabilities from 0 to {full:g}, of which {full / 2:g} and more"


@pytest.mark.parametrize("top", [1463.0, 255.0, 100.0])
def test_an_image_of_the_brain_alone_is_brain_where_it_is_not_zero(top: float) -> None:
    values = np.random.default_rng(1).normal(0.55, 0.12, _ball().shape).clip(0.05, 1.0)
    image = (np.rint(values * top) * _ball()).astype(np.float32)
    image[20, 20, 20] = top
    brain, words = brain_of(image)
    np.testing.assert_array_equal(brain, _ball())
    assert words == "an image, where it is not 0"


def test_an_image_scaled_to_one_is_not_taken_for_probabilities() -> None:
    values = np.random.default_rng(1).normal(0.55, 0.12, _ball().shape).clip(0.05, 1.0)
    with pytest.raises(VolumeError, match="fractions up to 1 that are not the probabilities"):
        brain_of((np.where(values > 0.9, 1.0, values) * _ball()).astype(np.float32))


def test_values_below_zero_are_refused() -> None:
    """A background of -1 was brain."""
    with pytest.raises(VolumeError, match="values from -1 to 1; expected 0 outside"):
        brain_of(np.where(_ball(), 1.0, -1.0).astype(np.float32))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_value_everywhere_is_all_or_nothing(value: float) -> None:
    brain, words = brain_of(np.full((3, 3, 3), value, dtype=np.float32))
    assert (bool(brain.all()), words) == (value > 0, "")
