"""One generator for every combination, and the part of it that one combination is served with."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.options import EndKernel, Precision, SkipConnections
from cbvsynth.domain.sequences import Combination, all_combinations
from cbvsynth.models.any_generator import AnyGenerator, available, subset_features
from cbvsynth.models.generator import GeneratorOptions

pytestmark = pytest.mark.tensorflow

EVERY = all_combinations()[-1]
SMALL = GeneratorOptions(base_channels=2, residual_blocks=1)


def learned(options: GeneratorOptions = SMALL) -> AnyGenerator:
    """With normalisations that every condition moves, as after training."""
    network, rng = AnyGenerator(EVERY, options, seed=3), np.random.default_rng(5)
    for weight in network.trainable_variables:
        if "modulation" in weight.name:
            weight.assign(0.3 * rng.standard_normal(weight.shape).astype(np.float32))
    return network


def volume(combination: Combination) -> np.ndarray:
    """Five channels, zero where the combination has no sequence."""
    images = np.random.default_rng(4).random((16, 18, 3, 5), np.float32)
    return images * np.array([sequence in combination.sequences for sequence in EVERY.sequences], np.float32)


@pytest.mark.parametrize("slug", ["t1", "t2-adc", "t1-t1c-flair", "t1-t2-t1c-flair-adc"])
@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        GeneratorOptions(2, 1, end_kernel=EndKernel.AUTHORS, skip_connections=SkipConnections.UNET),
    ],
    ids=["text", "authors"],
)
def test_what_is_served_for_a_combination_makes_the_same_maps(slug: str, options: GeneratorOptions) -> None:
    network, combination = learned(options), Combination.parse(slug)
    served = network.for_combination(combination)
    assert served.channels == len(combination.sequences)
    assert not any("modulation" in weight.name for weight in served.weights)
    seen = volume(combination)
    expected = network(seen[np.newaxis]).numpy()
    places = [EVERY.sequences.index(sequence) for sequence in combination.sequences]
    assert expected.std() > 1e-3
    np.testing.assert_allclose(served(seen[np.newaxis, ..., places]).numpy(), expected, atol=1e-5)


def test_it_is_served_in_float32_whatever_it_learned_in() -> None:
    mixed = learned(GeneratorOptions(2, 1, precision=Precision.MIXED_BFLOAT16))
    served = mixed.for_combination(EVERY)
    assert served.options.precision is Precision.FLOAT32
    np.testing.assert_allclose(
        served(volume(EVERY)[np.newaxis]).numpy(), learned()(volume(EVERY)[np.newaxis]).numpy(), atol=1e-5
    )


def test_a_missing_sequence_is_more_than_a_channel_of_zeros() -> None:
    """Zeros alone: the network could not tell a sequence that was not acquired from one that is dark."""
    network, part = learned(), Combination.parse("t1-t1c")
    zeros = network._network.synthesise(volume(part), subset_features(np.ones(5))).numpy()
    told = network.synthesise(volume(part)).numpy()
    assert np.abs(zeros - told).max() > 1e-3


def test_each_combination_has_features_of_its_own() -> None:
    found = {
        tuple(subset_features(available(tf.constant(volume(one)))).numpy()) for one in all_combinations()
    }
    assert len(found) == len(all_combinations())
    assert subset_features(np.array([1, 0, 1])).numpy().tolist() == [1, 0, 1, 0, 1, 0]
    assert subset_features(np.array([1])).numpy().tolist() == [1]
