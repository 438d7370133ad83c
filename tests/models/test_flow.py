"""A rectified flow's generator: from fixed noise to a map, along a path that the network points out."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.options import FlowSolver, OutputActivation, Precision
from cbvsynth.models.flow import (
    NOISE_TILE,
    TIME_KNOTS,
    FlowGenerator,
    FlowSampling,
    fixed_noise,
    foreground_of,
    scaled,
    time_features,
    unscaled,
)
from cbvsynth.models.generator import GeneratorOptions

pytestmark = pytest.mark.tensorflow

SMALL = GeneratorOptions(base_channels=2, residual_blocks=1)
LINEAR = replace(SMALL, output_activation=OutputActivation.LINEAR)


def volume(*size: int, channels: int = 2) -> tf.Tensor:
    images = np.random.default_rng(4).random((*size, channels), np.float32)
    images[:3] = 0.0
    return tf.constant(images)


class Known(FlowGenerator):
    """A path with a known end: dx/dt = rate x, so that x(1) = x(0) exp(rate)."""

    rate = -1.0

    def expected(self, volume: tf.Tensor, state: tf.Tensor, inside: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        return state + (1.0 - time) * self.rate * state


@pytest.mark.parametrize("size", [(16, 16, 1), (33, 18, 5)])
def test_a_map_has_the_shape_of_its_images_and_comes_out_the_same_each_time(size: tuple[int, ...]) -> None:
    generator = FlowGenerator(2, SMALL, FlowSampling(2), seed=1)
    made = generator(volume(*size)[tf.newaxis]).numpy()
    assert made.shape == (1, *size)
    assert np.isfinite(made).all()
    np.testing.assert_array_equal(made, generator(volume(*size)[tf.newaxis]).numpy())


def test_volumes_of_a_batch_do_not_meet() -> None:
    generator = FlowGenerator(2, SMALL, FlowSampling(2), seed=1)
    one, other = volume(16, 16, 3), 2.0 * volume(16, 16, 3)[::-1]
    both = generator(tf.stack([one, other])).numpy()
    np.testing.assert_allclose(both[0], generator(one[tf.newaxis]).numpy()[0], atol=1e-5)
    np.testing.assert_allclose(both[1], generator(other[tf.newaxis]).numpy()[0], atol=1e-5)


@pytest.mark.parametrize(
    ("solver", "steps", "end"),
    [
        (FlowSolver.EULER, 1, 0.0),
        (FlowSolver.EULER, 4, 0.75**4),
        (FlowSolver.HEUN, 4, (1 - 0.25 + 0.25**2 / 2) ** 3 * 0.75),
    ],
)
def test_the_path_is_followed_as_the_solver_says(solver: FlowSolver, steps: int, end: float) -> None:
    known = Known(2, LINEAR, FlowSampling(steps, solver))
    images = volume(16, 16, 2)
    noise = fixed_noise(tf.shape(images)[:3], 2023).numpy()
    np.testing.assert_allclose(scaled(known.synthesise(images)).numpy(), end * noise, atol=1e-5)


def test_more_steps_and_heun_come_nearer_to_the_paths_true_end() -> None:
    images = volume(16, 16, 2)
    noise = fixed_noise(tf.shape(images)[:3], 2023).numpy()

    def error(sampling: FlowSampling) -> float:
        made = scaled(Known(2, LINEAR, sampling).synthesise(images)).numpy()
        return float(np.abs(made - math.exp(-1.0) * noise).max())

    euler = [error(FlowSampling(steps)) for steps in (1, 2, 4, 8)]
    assert euler == sorted(euler, reverse=True)
    assert error(FlowSampling(8, FlowSolver.HEUN)) < euler[-1]


def test_evaluations_count_the_passes_through_the_network() -> None:
    calls = []

    class Counting(FlowGenerator):
        def expected(
            self, volume: tf.Tensor, state: tf.Tensor, inside: tf.Tensor, time: tf.Tensor
        ) -> tf.Tensor:
            calls.append(float(time))
            return super().expected(volume, state, inside, time)

    for sampling in (FlowSampling(3), FlowSampling(3, FlowSolver.HEUN), FlowSampling(1, FlowSolver.HEUN)):
        calls.clear()
        Counting(2, SMALL, sampling).synthesise(volume(16, 16, 1))
        assert len(calls) == sampling.evaluations
        assert max(calls) < 1.0, "at the end of the path there is no direction"


def test_the_noise_is_normal_repeats_in_tiles_and_follows_its_seed() -> None:
    noise = fixed_noise(tf.constant((100, 70, 11)), 3).numpy()
    assert noise.shape == (100, 70, 11)
    assert (noise.mean(), noise.std()) == (pytest.approx(0.0, abs=0.02), pytest.approx(1.0, abs=0.02))
    rows, columns, slices = NOISE_TILE
    np.testing.assert_array_equal(noise[rows:], noise[: 100 - rows])
    np.testing.assert_array_equal(noise[:, columns:], noise[:, : 70 - columns])
    np.testing.assert_array_equal(noise[..., slices:], noise[..., : 11 - slices])
    assert not np.array_equal(noise, fixed_noise(tf.constant((100, 70, 11)), 4).numpy())


def test_every_time_has_features_of_its_own_and_the_map_follows_them() -> None:
    times = [time_features(tf.constant(time)).numpy() for time in np.linspace(0, 1, 23, dtype=np.float32)]
    assert all(features.shape == (TIME_KNOTS,) for features in times)
    assert min(np.abs(one - other).max() for one, other in pairwise(times)) > 0.01
    generator = FlowGenerator(2, SMALL, FlowSampling(), seed=1)
    images = volume(16, 16, 2)
    arguments = images, tf.zeros((16, 16, 2)), foreground_of(images)
    early, late = (generator.expected(*arguments, tf.constant(time)).numpy() for time in (0.1, 0.9))
    np.testing.assert_array_equal(early, late)  # at first no normalisation is moved
    for weight in generator.trainable_variables:
        if "modulation" in weight.name:
            weight.assign(tf.ones_like(weight.value) * np.arange(TIME_KNOTS, dtype=np.float32)[:, np.newaxis])
    early, late = (generator.expected(*arguments, tf.constant(time)).numpy() for time in (0.1, 0.9))
    assert np.abs(early - late).max() > 1e-3


def test_noise_in_the_background_is_not_seen() -> None:
    generator, images = FlowGenerator(2, SMALL, FlowSampling(), seed=1), volume(16, 16, 2)
    inside = foreground_of(images)
    assert inside.numpy()[:3].max() == 0.0
    assert inside.numpy()[3:].min() == 1.0
    noise = tf.constant(np.random.default_rng(0).standard_normal((16, 16, 2)).astype(np.float32))
    made = [
        generator.expected(images, state, inside, tf.constant(0.5)).numpy()
        for state in (noise, noise * inside)
    ]
    np.testing.assert_array_equal(*made)


def test_scaling_is_undone() -> None:
    share = np.linspace(0, 1, 5, dtype=np.float32)
    np.testing.assert_allclose(unscaled(scaled(tf.constant(share))).numpy(), share, atol=1e-6)


def test_what_is_served_calculates_in_float32_with_the_same_weights() -> None:
    plain = FlowGenerator(2, SMALL, FlowSampling(2), seed=1)
    assert plain.as_float32() is plain
    mixed = FlowGenerator(2, replace(SMALL, precision=Precision.MIXED_BFLOAT16), FlowSampling(2), seed=1)
    images = volume(16, 16, 2)[tf.newaxis]
    np.testing.assert_array_equal(mixed.as_float32()(images).numpy(), plain(images).numpy())
