"""The losses against their formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.training.losses import (
    adversarial_loss,
    discriminator_loss,
    feature_consistency_loss,
    low_level_loss,
    region_loss,
)

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_the_low_level_loss_is_the_mean_absolute_error() -> None:
    real, synthetic = drawn(5, 6, 7), drawn(5, 6, 7)
    assert float(low_level_loss(real, synthetic)) == pytest.approx(np.abs(real - synthetic).mean(), rel=1e-6)


def test_the_adversarial_loss_is_zero_where_the_discriminator_says_real() -> None:
    scores = drawn(7, 4, 4, 1)
    assert float(adversarial_loss(scores)) == pytest.approx(np.abs(1 - scores).mean(), rel=1e-6)
    assert float(adversarial_loss(np.ones((7, 4, 4, 1), np.float32))) == 0.0


def test_the_feature_loss_adds_the_means_of_layers_of_different_sizes() -> None:
    real = [drawn(7, 16, 16, 4), drawn(7, 8, 8, 8)]
    synthetic = [drawn(7, 16, 16, 4), drawn(7, 8, 8, 8)]
    expected = sum(np.abs(a - b).mean() for a, b in zip(real, synthetic, strict=True))
    assert float(feature_consistency_loss(real, synthetic)) == pytest.approx(expected, rel=1e-6)


def test_the_discriminator_loses_nothing_when_it_is_right_and_one_when_it_is_wrong() -> None:
    ones, zeros = tf.ones((7, 2, 2, 1)), tf.zeros((7, 2, 2, 1))
    assert float(discriminator_loss(scores_of_real=ones, scores_of_synthetic=zeros)) == 0.0
    assert float(discriminator_loss(scores_of_real=zeros, scores_of_synthetic=ones)) == 1.0
    real, synthetic = drawn(7, 4, 4, 1), drawn(7, 4, 4, 1)
    expected = (np.abs(synthetic).mean() + np.abs(1 - real).mean()) / 2
    assert float(discriminator_loss(real, synthetic)) == pytest.approx(expected, rel=1e-6)


def test_losses_of_bfloat16_values_are_accumulated_in_float32() -> None:
    values = tf.cast(tf.fill((64, 64, 8), 1.0), tf.bfloat16)
    loss = adversarial_loss(2.0 * values)
    assert loss.dtype == tf.float32
    assert float(loss) == 1.0


def test_the_regions_loss_is_the_error_of_the_lesions_mean() -> None:
    lesion = tf.constant([[[1.0, 1.0, 0.0, 0.0]]])
    real, synthetic = tf.constant([[[1.0, 3.0, 9.0, 9.0]]]), tf.constant([[[3.0, 2.0, 0.0, 0.0]]])
    assert float(region_loss(real, synthetic, lesion)) == pytest.approx(0.5)
    assert float(region_loss(real, synthetic, 0.0 * lesion)) == 0.0
