"""One training step of each algorithm moves the right weights by the right gradients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.literal_networks import judge_literally, synthesise_literally
from cbvsynth.domain.options import Precision, UpdateRule
from cbvsynth.domain.sequences import Combination
from cbvsynth.models.any_generator import AnyGenerator
from cbvsynth.models.discriminator import build_discriminator
from cbvsynth.models.flow import FlowGenerator, FlowSampling
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.training.adam import Adam
from cbvsynth.training.any_step import any_step
from cbvsynth.training.flow_step import flow_step
from cbvsynth.training.losses import discriminator_loss
from cbvsynth.training.steps import GanWeights, Learner, Region, encoder_decoder_step, gan_step

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).resolve().parents[2]
Tensors = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def example(*size: int) -> Tensors:
    rng = np.random.default_rng(0)
    inputs = rng.random((*size, 2), np.float32)
    foreground = np.zeros(size, np.float32)
    foreground[2:-2, 2:-2] = 1.0
    target = 0.3 * inputs[..., 0] * inputs[..., 1] * foreground
    return tf.constant(inputs), tf.constant(target), tf.constant(foreground)


def a_generator(precision: Precision = Precision.FLOAT32) -> Learner:
    options = GeneratorOptions(base_channels=4, residual_blocks=1, precision=precision)
    network = build_generator(2, options, seed=1)
    return Learner(network, Adam(network.trainable_variables, 1e-3))


def a_discriminator(precision: Precision = Precision.FLOAT32) -> Learner:
    network = build_discriminator(4, precision, seed=2)
    return Learner(network, Adam(network.trainable_variables, 1e-3))


def values(learner: Learner) -> list[np.ndarray]:
    return [weight.value.numpy() for weight in learner.network.weights]


def first_moments(learner: Learner) -> list[np.ndarray]:
    """After one update Adam's first moment is a tenth of the gradient."""
    count = len(learner.network.weights)
    return [10.0 * moment.numpy() for moment in learner.optimiser.state[1 : 1 + count]]


def gradients(loss: Callable[[], tf.Tensor], learner: Learner) -> list[np.ndarray]:
    weights = [weight.value for weight in learner.network.weights]
    with tf.GradientTape() as tape:
        value = loss()
    return [gradient.numpy() for gradient in tape.gradient(value, weights)]


def assert_close(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    scale = max(float(np.linalg.norm(value)) for value in expected)
    for one, other in zip(found, expected, strict=True):
        assert np.linalg.norm(one - other) <= 0.01 * np.linalg.norm(other) + 1e-4 * scale


@pytest.mark.parametrize("precision", list(Precision))
def test_encoder_decoder_steps_lower_the_mean_absolute_error(precision: Precision) -> None:
    step, tensors = encoder_decoder_step(a_generator(precision)), example(24, 20, 7)
    errors = [float(step(*tensors)["mae"]) for _ in range(30)]
    assert errors[-1] < 0.7 * errors[0]


def test_the_encoder_decoder_loss_counts_the_foreground_alone() -> None:
    generator, (inputs, target, foreground) = a_generator(), example(24, 20, 7)
    synthetic = generator.network(inputs[tf.newaxis])[0] * foreground
    expected = float(tf.reduce_mean(tf.abs(target - synthetic)))
    assert float(encoder_decoder_step(generator)(inputs, target, foreground)["mae"]) == pytest.approx(
        expected, rel=1e-5
    )


def test_a_weighted_voxel_counts_as_often_as_its_weight_and_is_painted_as_every_other() -> None:
    generator, (inputs, target, foreground) = a_generator(), example(24, 20, 7)
    weights = tf.concat([foreground[:, :10] * 7.0, foreground[:, 10:]], axis=1)
    synthetic = generator.network(inputs[tf.newaxis])[0] * foreground
    expected = float(tf.reduce_mean(tf.abs(target - synthetic) * weights))
    found = float(encoder_decoder_step(generator)(inputs, target, weights)["mae"])
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("algorithm", ["encdec", "fcgan-shared", "fcgan-alternating", "flow", "any"])
def test_a_region_with_a_weight_is_a_loss_of_every_algorithm(algorithm: str) -> None:
    """With so large a weight, hardly anything else is learned; a bright lesion has something to learn."""
    (inputs, target, foreground), region = example(24, 20, 5), Region(1000.0)
    lesion = np.zeros((24, 20, 5), np.float32)
    lesion[6:10, 6:10] = 1.0
    tensors = (inputs, target + 0.3 * lesion, foreground)
    if algorithm == "flow":
        network = FlowGenerator(
            2, GeneratorOptions(base_channels=4, residual_blocks=1), FlowSampling(), seed=1
        )
    elif algorithm == "any":
        network = AnyGenerator(Combination.parse("t1-t2"), GeneratorOptions(4, 1), seed=1)
    else:
        network = a_generator().network
    learner = Learner(network, Adam(network.trainable_variables, 1e-3))
    if algorithm == "encdec":
        step = encoder_decoder_step(learner, region)
    elif algorithm == "flow":
        step = flow_step(learner, 3, region)
    elif algorithm == "any":
        step = any_step(learner, 3, region)
    else:
        update = UpdateRule(algorithm.removeprefix("fcgan-"))
        step = gan_step(learner, a_discriminator(), GanWeights(), update, region)
    losses = [float(step(*tensors, tf.constant(lesion))["region"]) for _ in range(40)]
    assert losses[0] > 0
    assert np.mean(losses[-10:]) < 0.2 * np.mean(losses[:5]), "0.6 and more without the weight"


@pytest.mark.parametrize("update", list(UpdateRule))
def test_the_generator_follows_the_sum_of_its_three_losses(update: UpdateRule) -> None:
    generator, discriminator = a_generator(), a_discriminator()
    inputs, target, foreground = example(33, 32, 7)

    def loss() -> tf.Tensor:
        synthetic = synthesise_literally(generator.network, inputs[tf.newaxis]) * foreground
        of_real, _ = judge_literally(discriminator.network, target[tf.newaxis])
        of_synthetic, scores = judge_literally(discriminator.network, synthetic)
        feature = tf.add_n(
            [tf.reduce_mean(tf.abs(a - b)) for a, b in zip(of_real, of_synthetic, strict=True)]
        )
        return (
            tf.reduce_mean(tf.abs(target - synthetic))
            + 0.2 * tf.reduce_mean(tf.abs(1.0 - scores))
            + 3.0 * feature
        )

    expected = gradients(loss, generator)
    gan_step(generator, discriminator, GanWeights(0.2, 3.0), update)(inputs, target, foreground)
    assert_close(first_moments(generator), expected)


def test_with_a_shared_update_the_discriminator_sees_the_map_before_the_generators_update() -> None:
    generator, discriminator = a_generator(), a_discriminator()
    inputs, target, foreground = example(33, 32, 7)
    synthetic = generator.network.synthesise(inputs) * foreground
    judge = discriminator.network
    expected = gradients(lambda: discriminator_loss(judge(target)[1], judge(synthetic)[1]), discriminator)
    gan_step(generator, discriminator, GanWeights(), UpdateRule.SHARED)(inputs, target, foreground)
    assert_close(first_moments(discriminator), expected)


def test_with_alternating_updates_the_discriminator_sees_the_map_after_the_generators_update() -> None:
    generator, discriminator = a_generator(), a_discriminator()
    inputs, target, foreground = example(33, 32, 7)
    judge, before = discriminator.network, generator.network.synthesise(inputs) * foreground
    twin = a_discriminator()
    gan_step(generator, discriminator, GanWeights(), UpdateRule.ALTERNATING)(inputs, target, foreground)
    after = generator.network.synthesise(inputs) * foreground
    judge = twin.network
    assert_close(
        first_moments(discriminator),
        gradients(lambda: discriminator_loss(judge(target)[1], judge(after)[1]), twin),
    )
    assert float(tf.reduce_max(tf.abs(after - before))) > 1e-4


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("update", list(UpdateRule))
def test_gan_steps_lower_the_error_and_move_both_networks(update: UpdateRule, precision: Precision) -> None:
    generator, discriminator, tensors = a_generator(precision), a_discriminator(precision), example(32, 32, 7)
    before = values(generator), values(discriminator)
    step = gan_step(generator, discriminator, GanWeights(), update)
    history = [{name: float(loss) for name, loss in step(*tensors).items()} for _ in range(30)]
    assert list(history[0]) == ["mae", "adversarial", "feature", "discriminator"]
    assert history[-1]["mae"] < 0.9 * history[0]["mae"]
    for old, learner in zip(before, (generator, discriminator), strict=True):
        assert all(not np.array_equal(a, b) for a, b in zip(old, values(learner), strict=True))


def test_one_trace_serves_examinations_of_every_size() -> None:
    generator = a_generator()
    step = encoder_decoder_step(generator)
    for size in ((16, 16, 7), (17, 21, 8), (24, 16, 9)):
        step(*example(*size))
    assert step.experimental_get_tracing_count() == 1


@pytest.mark.slow
def test_a_gan_step_is_optimised_without_a_complaint() -> None:
    """The graph optimiser used to fail on the leaky ReLU after the first layer's bias, in every GAN run.

    It says so once in the life of a process, hence in one of its own.
    """
    code = (
        "from tests.training.test_steps import *\n"
        "gan_step(a_generator(), a_discriminator(), GanWeights(), UpdateRule.SHARED)(*example(32, 32, 7))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "meta_optimizer" not in done.stderr
