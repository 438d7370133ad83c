"""The fused Adam against its formula in NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.training.adam import BETA_1, BETA_2, EPSILON, Adam, Cooldown

pytestmark = pytest.mark.tensorflow


def test_it_follows_kingma_and_ba_over_several_updates() -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 4)).astype(np.float32)
    weight = keras.Variable(start)
    adam = Adam([weight], learning_rate=0.01)
    expected, first, second = start.astype(np.float64), np.zeros((3, 4)), np.zeros((3, 4))
    for count in range(1, 6):
        gradient = rng.normal(size=(3, 4)).astype(np.float32)
        adam.apply([tf.constant(gradient)])
        first = BETA_1 * first + (1 - BETA_1) * gradient
        second = BETA_2 * second + (1 - BETA_2) * gradient.astype(np.float64) ** 2
        rate = 0.01 * np.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
        expected -= rate * first / (np.sqrt(second) + EPSILON)
    np.testing.assert_allclose(weight.value, expected, rtol=1e-4, atol=1e-6)


def test_it_moves_weights_as_keras_own_adam_does() -> None:
    gradients = [tf.constant([0.1, -2.0, 3.0]), tf.constant([0.2, 1.0, 0.0])]
    ours, theirs = keras.Variable([1.0, 2.0, 3.0]), keras.Variable([1.0, 2.0, 3.0])
    adam, keras_adam = Adam([ours], 0.001), keras.optimizers.Adam(0.001)
    for gradient in gradients:
        adam.apply([gradient])
        keras_adam.apply([gradient], [theirs])
    np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-6)


def test_its_state_holds_the_number_of_updates_and_both_moments() -> None:
    weight = keras.Variable([1.0, 2.0])
    adam = Adam([weight], 0.001)
    adam.apply([tf.constant([1.0, -1.0])])
    count, first, second = adam.state
    assert int(count) == 1
    np.testing.assert_allclose(first, [0.1, -0.1], rtol=1e-6)
    np.testing.assert_allclose(second, [0.001, 0.001], rtol=1e-4)


def test_its_rate_falls_along_a_line_over_the_last_part_and_no_weight_moves_after_it() -> None:
    weight = keras.Variable([0.0])
    adam = Adam([weight], 0.1, Cooldown(share=0.5, updates=8))
    moved = [0.0]
    for _ in range(9):
        adam.apply([tf.constant([-1.0])])  # with a constant gradient Adam moves by its rate
        moved.append(float(weight.value[0]))
    rates = [0.1, 0.1, 0.1, 0.1, 0.1, 0.075, 0.05, 0.025, 0.0]
    np.testing.assert_allclose(np.diff(moved), rates, rtol=1e-4, atol=1e-7)
