"""The generator computes what the paper's text says, for any size, one volume at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.literal_networks import synthesise_literally
from cbvsynth.domain.options import Decoder, EndKernel, OutputActivation, Precision, SkipConnections
from cbvsynth.models.generator import CBV_START, GeneratorOptions, build_generator

pytestmark = pytest.mark.tensorflow

PAPER = GeneratorOptions()
AUTHORS = GeneratorOptions(
    decoder=Decoder.UPSAMPLE, end_kernel=EndKernel.AUTHORS, skip_connections=SkipConnections.UNET
)
SMALL = GeneratorOptions(base_channels=4, residual_blocks=1)


def volumes(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).random(shape, np.float32))


@pytest.mark.parametrize(
    "options",
    [
        PAPER,
        AUTHORS,
        replace(PAPER, skip_connections=SkipConnections.UNET),
        replace(SMALL, output_activation=OutputActivation.SOFTPLUS),
        replace(SMALL, decoder=Decoder.UPSAMPLE, output_activation=OutputActivation.LINEAR),
    ],
    ids=["paper", "authors", "unet", "softplus", "upsample-linear"],
)
@pytest.mark.parametrize("size", [(61, 53, 7), (32, 36, 3)], ids=["odd", "even"])
def test_it_equals_the_literal_3d_network_in_values_and_gradients(
    options: GeneratorOptions, size: tuple[int, int, int]
) -> None:
    generator = build_generator(2, options, seed=1)
    inputs = volumes(1, *size, 2)
    weights = [weight.value for weight in generator.weights]
    with tf.GradientTape() as tape:
        ours = generator(inputs)
        loss = tf.reduce_mean(tf.square(ours))
    gradients = tape.gradient(loss, weights)
    with tf.GradientTape() as tape:
        literal = synthesise_literally(generator, inputs)
        loss = tf.reduce_mean(tf.square(literal))
    literal_gradients = tape.gradient(loss, weights)

    np.testing.assert_allclose(ours, literal, atol=2e-5)
    for weight, found, expected in zip(generator.weights, gradients, literal_gradients, strict=True):
        # A rectifier whose input is zero but for rounding may open in one and not in the other.
        assert tf.norm(found - expected) <= 0.03 * tf.norm(expected) + 1e-7, weight.name


@pytest.mark.parametrize("options", [SMALL, replace(SMALL, decoder=Decoder.UPSAMPLE)], ids=["deconv", "up"])
@pytest.mark.parametrize("size", [(32, 32, 8), (33, 34, 7), (35, 47, 1), (217, 33, 2)])
def test_the_map_has_exactly_the_size_of_the_inputs(
    options: GeneratorOptions, size: tuple[int, int, int]
) -> None:
    assert build_generator(1, options)(volumes(1, *size, 1)).shape == (1, *size)


def test_a_batch_of_two_equals_two_batches_of_one() -> None:
    generator = build_generator(3, SMALL)
    both = tf.concat((volumes(1, 21, 18, 7, 3), 5.0 * volumes(1, 21, 18, 7, 3, seed=1)), axis=0)
    together = generator(both).numpy()
    apart = np.concatenate([generator(both[:1]), generator(both[1:])])
    np.testing.assert_array_equal(together, apart)


def test_a_traced_batch_of_unknown_size_equals_batches_of_one() -> None:
    generator = build_generator(2, SMALL)
    signature = [tf.TensorSpec((None, None, None, None, 2), tf.float32)]
    served = tf.function(generator.call, input_signature=signature)
    inputs = volumes(3, 17, 20, 7, 2)
    np.testing.assert_allclose(served(inputs)[1:2], generator(inputs[1:2]), atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.7])
def test_a_constant_volume_gives_a_finite_map(value: float) -> None:
    assert np.isfinite(build_generator(2, SMALL)(tf.fill((1, 16, 16, 7, 2), value))).all()


def test_the_first_map_is_near_the_brains_mean_so_that_relu_starts_alive() -> None:
    for seed in range(5):
        first = build_generator(3, PAPER, seed)(volumes(1, 32, 32, 7, 3)).numpy()
        assert first.mean() == pytest.approx(CBV_START, abs=0.05)
        assert (first > 0).mean() > 0.99
        assert first.std() > 0.001


def test_relu_and_softplus_keep_cbv_from_being_negative() -> None:
    for activation, can_be_negative in (
        (OutputActivation.RELU, False),
        (OutputActivation.SOFTPLUS, False),
        (OutputActivation.LINEAR, True),
    ):
        generator = build_generator(1, replace(SMALL, output_activation=activation))
        bias = next(weight for weight in generator.weights if weight.name == "last_bias")
        bias.assign([-1.0])
        assert bool((generator(volumes(1, 16, 16, 7, 1)).numpy() < 0).any()) is can_be_negative


def test_the_output_follows_the_scale_of_the_last_layer_as_it_is_not_normalised() -> None:
    generator = build_generator(1, replace(SMALL, output_activation=OutputActivation.LINEAR))
    inputs = volumes(1, 16, 16, 7, 1)
    before = generator(inputs).numpy()
    for weight in generator.weights:
        if weight.name.startswith("last"):
            weight.assign(3.0 * weight)
    np.testing.assert_allclose(generator(inputs), 3.0 * before, rtol=1e-4, atol=1e-6)


def test_the_papers_generator_has_its_number_of_weights() -> None:
    """By hand: kernels 9 x in x out, a scale and an offset per normalised channel, one last bias."""

    def layer(inputs: int, outputs: int) -> int:
        return 9 * inputs * outputs + 2 * outputs

    by_hand = layer(3, 16) + layer(16, 32) + layer(32, 64) + 12 * layer(64, 64)
    by_hand += layer(64, 32) + layer(32, 16) + 9 * 16 + 1
    assert build_generator(3, PAPER).count_params() == by_hand


def test_the_seed_alone_decides_the_weights() -> None:
    first, again, other = (build_generator(2, SMALL, seed) for seed in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(first.weights, again.weights, strict=True))
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_bfloat16_keeps_weights_and_map_in_float32_and_stays_close() -> None:
    plain = build_generator(2, PAPER, seed=3)
    mixed = build_generator(2, replace(PAPER, precision=Precision.MIXED_BFLOAT16), seed=3)
    inputs = volumes(1, 32, 32, 7, 2)
    assert {weight.value.dtype for weight in mixed.weights} == {tf.float32}
    expected, found = plain(inputs).numpy(), mixed(inputs).numpy()
    assert found.dtype == np.float32
    assert 0 < np.abs(found - expected).max() < 0.1
