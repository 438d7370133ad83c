"""The discriminator's layers, sizes and features."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.literal_networks import judge_literally
from cbvsynth.domain.options import Precision
from cbvsynth.models.discriminator import build_discriminator

pytestmark = pytest.mark.tensorflow


def a_map(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize("size", [(61, 53, 7), (32, 40, 8)], ids=["odd", "even"])
def test_it_equals_the_literal_3d_network(size: tuple[int, int, int]) -> None:
    discriminator, cbv = build_discriminator(16, Precision.FLOAT32, seed=2), a_map(*size)
    features, scores = discriminator(cbv)
    literal_features, literal_scores = judge_literally(discriminator, cbv[tf.newaxis])
    for found, expected in zip([*features, scores], [*literal_features, literal_scores], strict=True):
        np.testing.assert_allclose(found, tf.transpose(expected[0], (2, 0, 1, 3)), atol=5e-5)


def test_features_are_the_outputs_of_four_layers_and_scores_are_a_map_of_patches() -> None:
    features, scores = build_discriminator(16, Precision.FLOAT32)(a_map(64, 48, 8))
    assert [tuple(feature.shape) for feature in features] == [
        (8, 32, 24, 16),
        (8, 16, 12, 32),
        (8, 8, 6, 64),
        (8, 8, 6, 128),
    ]
    assert scores.shape == (8, 8, 6, 1)


def test_scores_have_no_activation() -> None:
    _, scores = build_discriminator(8, Precision.FLOAT32)(a_map(64, 64, 7))
    assert scores.numpy().min() < 0 < scores.numpy().max()


def test_the_number_of_weights_is_that_of_five_4x4x1_convolutions() -> None:
    by_hand = (16 * 16 + 16) + sum(16 * a * 2 * a + 2 * 2 * a for a in (16, 32, 64)) + (16 * 128 + 1)
    assert build_discriminator(16, Precision.FLOAT32).count_params() == by_hand


def test_bfloat16_features_stay_close() -> None:
    cbv = a_map(32, 32, 7)
    plain, _ = build_discriminator(8, Precision.FLOAT32)(cbv)
    mixed, scores = build_discriminator(8, Precision.MIXED_BFLOAT16)(cbv)
    assert scores.dtype == tf.bfloat16
    for expected, found in zip(plain, mixed, strict=True):
        assert 0 < np.abs(tf.cast(found, tf.float32) - expected).max() < 0.2
