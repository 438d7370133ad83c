"""A flow's training step: it learns, every weight is reached, and its draws follow from seed and step."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.models.flow import FlowGenerator, FlowSampling, fixed_noise, foreground_of, scaled
from cbvsynth.models.generator import GeneratorOptions
from cbvsynth.training.adam import Adam
from cbvsynth.training.flow_step import flow_step
from cbvsynth.training.losses import flow_loss
from cbvsynth.training.steps import Learner
from tests.training.test_steps import example, values

pytestmark = pytest.mark.tensorflow


def learner() -> Learner:
    network = FlowGenerator(2, GeneratorOptions(base_channels=4, residual_blocks=1), FlowSampling(), seed=1)
    return Learner(network, Adam(network.trainable_variables, 3e-3))


def test_steps_bring_the_expected_map_nearer_and_move_every_weight() -> None:
    """Judged at one time with one noise: the losses of the steps are of another time each."""
    flow, (inputs, target, foreground) = learner(), example(24, 20, 5)
    before = values(flow)
    noise = fixed_noise(tf.shape(target), 1)

    def error() -> float:
        found = flow.network.expected(inputs, noise, foreground_of(inputs), tf.constant(0.3))
        return float(tf.reduce_mean(foreground * tf.square(found - scaled(target))))

    untrained, step = error(), flow_step(flow, 7)
    for _ in range(60):
        step(inputs, target, foreground)
    assert error() < 0.9 * untrained
    assert all(not np.array_equal(old, new) for old, new in zip(before, values(flow), strict=True))


def test_noise_and_time_follow_from_the_seed_and_the_number_of_the_step() -> None:
    tensors = example(24, 20, 5)

    def losses(seed: int) -> list[float]:
        step = flow_step(learner(), seed)
        return [float(step(*tensors)["flow"]) for _ in range(3)]

    assert losses(7) == losses(7)
    assert losses(7) != losses(8)
    resumed, whole = learner(), losses(7)
    resumed.optimiser.updates.assign(1)
    first = float(flow_step(resumed, 7)(*tensors)["flow"])
    assert first != whole[0], "another step draws other noise"


def test_an_error_counts_by_the_voxels_weight() -> None:
    real, expected = tf.zeros((2, 2, 2)), tf.ones((2, 2, 2))
    weights = tf.constant(np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 10.0, 10.0], np.float32).reshape(2, 2, 2))

    assert float(flow_loss(real, expected, weights)) == pytest.approx(24 / 8)
