"""The step of the model for every combination: what it draws, and that it learns from each draw."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.domain.sequences import Combination
from cbvsynth.models.any_generator import AnyGenerator
from cbvsynth.models.generator import GeneratorOptions
from cbvsynth.training.adam import Adam
from cbvsynth.training.any_step import any_step, drawn_subset
from cbvsynth.training.steps import Learner
from tests.training.test_steps import example, values

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def draws() -> list[tuple[float, ...]]:
    """Of three sequences of four, the third missing."""
    draw = tf.function(drawn_subset)
    present = tf.constant([1.0, 1.0, 0.0, 1.0])
    return [tuple(draw(present, tf.constant((7, number), tf.int64)).numpy()) for number in range(900)]


def test_a_draw_is_a_part_of_what_is_there_and_never_empty(draws: list[tuple[float, ...]]) -> None:
    assert all(sum(draw) >= 1 for draw in draws)
    assert all(draw[2] == 0.0 for draw in draws)
    assert len(set(draws)) == 7


def test_every_number_of_sequences_and_every_part_of_one_number_is_as_likely(
    draws: list[tuple[float, ...]],
) -> None:
    sizes = Counter(sum(draw) for draw in draws)
    assert all(250 < sizes[size] < 350 for size in (1.0, 2.0, 3.0))  # 300 each; four deviations are 57
    pairs = Counter(draw for draw in draws if sum(draw) == 2)
    assert all(60 < count < 140 for count in pairs.values())


def test_a_draw_follows_from_seed_and_step() -> None:
    present = tf.ones(5)

    def drawn(seed: int, step: int) -> list[float]:
        return drawn_subset(present, tf.constant((seed, step), tf.int64)).numpy().tolist()

    assert drawn(7, 3) == drawn(7, 3)
    assert len({tuple(drawn(7, step)) for step in range(20)}) > 5
    assert [drawn(7, step) for step in range(20)] != [drawn(8, step) for step in range(20)]


def test_steps_lower_the_error_and_move_every_weight() -> None:
    options = GeneratorOptions(base_channels=4, residual_blocks=1)
    network = AnyGenerator(Combination.parse("t1-t2"), options, seed=1)
    learner, tensors = Learner(network, Adam(network.trainable_variables, 3e-3)), example(24, 20, 5)
    before = values(learner)
    step = any_step(learner, 7)
    losses = [float(step(*tensors)["mae"]) for _ in range(60)]
    assert np.mean(losses[-15:]) < 0.8 * np.mean(losses[:15])
    assert all(not np.array_equal(old, new) for old, new in zip(before, values(learner), strict=True))
