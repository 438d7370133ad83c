"""Noise and ghosts of one image: against known noise, planted ghosts, and what cannot be judged."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from cbvsynth.quality.image_noise import ghost_ratio, signal_to_noise

SHAPE = (64, 64, 6)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def brain() -> npt.NDArray[np.bool_]:
    x, y = np.meshgrid(np.arange(64) - 31.5, np.arange(64) - 31.5, indexing="ij")
    return np.repeat((x**2 + y**2 < 20**2)[..., None], SHAPE[2], axis=2)


def head(brain: npt.NDArray[np.bool_], rng: np.random.Generator, sigma: float) -> npt.NDArray[np.float64]:
    """A magnitude image: a smooth brain of 100 and Rician noise everywhere."""
    smooth = 100.0 * brain
    return np.hypot(smooth + rng.normal(0, sigma, SHAPE), rng.normal(0, sigma, SHAPE))


class TestSignalToNoise:
    @pytest.mark.parametrize("sigma", [2.0, 5.0, 12.0])
    def test_finds_the_noise_that_was_added(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_], sigma: float
    ) -> None:
        found = signal_to_noise(head(brain, rng, sigma), brain)

        assert found == pytest.approx(100.0 / sigma, rel=0.05)

    def test_agrees_with_the_convolution_written_out(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        image = head(brain, rng, 5.0)
        weights = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=float)[:, :, None]
        residual = np.abs(ndimage.convolve(image, weights))
        inner = ndimage.binary_erosion(brain, np.ones((3, 3, 1)))
        noise = np.median(residual[inner]) / 0.6745 / 6.0

        assert signal_to_noise(image, brain) == pytest.approx(np.median(image[brain]) / noise, rel=1e-12)

    def test_looks_at_the_brain_only(self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]) -> None:
        """Noise was looked for in the air: a skull-stripped image had none."""
        image = head(brain, rng, 5.0)

        assert signal_to_noise(np.where(brain, image, 0.0), brain) == signal_to_noise(image, brain)

    def test_cannot_be_told_of_an_image_without_noise_or_a_tiny_mask(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        tiny = np.zeros(SHAPE, dtype=bool)

        assert math.isnan(signal_to_noise(np.full(SHAPE, 3.0), brain))
        assert math.isnan(signal_to_noise(head(brain, rng, 5.0), tiny))
        tiny[30:33, 30:33, 0] = True
        assert math.isnan(signal_to_noise(head(brain, rng, 5.0), tiny))


class TestGhostRatio:
    @pytest.mark.parametrize("axis", [0, 1])
    @pytest.mark.parametrize("strength", [0.02, 0.1])
    def test_finds_a_head_repeated_in_either_direction(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_], axis: int, strength: float
    ) -> None:
        image = head(brain, rng, 1.0) + strength * 100.0 * brain.any(axis=axis, keepdims=True)

        assert ghost_ratio(image, brain) == pytest.approx(strength / (1.0 + strength), rel=0.1)

    def test_is_small_for_noise_alone(self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]) -> None:
        assert ghost_ratio(head(brain, rng, 5.0), brain) < 0.003

    def test_cannot_be_told_where_the_air_was_blanked(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        assert math.isnan(ghost_ratio(np.where(brain, head(brain, rng, 5.0), 0.0), brain))

    def test_cannot_be_told_where_the_head_fills_the_field(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        """A sound real T1C whose head touches the border of the field had a ratio of 0.28."""
        image = head(brain, rng, 1.0)[:, 11:53]

        assert math.isnan(ghost_ratio(image, brain[:, 11:53]))

    def test_cannot_be_told_of_an_empty_mask(
        self, rng: np.random.Generator, brain: npt.NDArray[np.bool_]
    ) -> None:
        assert math.isnan(ghost_ratio(head(brain, rng, 1.0), np.zeros_like(brain)))
