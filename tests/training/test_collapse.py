"""A run counts as collapsed when its maps are dead, and at the end when it has learned nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from cbvsynth.models.flow import FlowGenerator, FlowSampling
from cbvsynth.models.generator import GeneratorOptions
from cbvsynth.training.collapse import DEAD_SPREAD_SHARE, LEARNED_STEPS, collapse_reason, is_diverged
from cbvsynth.training.data import TrainingExample

pytestmark = pytest.mark.tensorflow


def an_example(seed: int = 0) -> TrainingExample:
    target = np.random.default_rng(seed).normal(0.2, 0.05, (8, 8, 7)).astype(np.float32)
    foreground = np.ones((8, 8, 7), np.float32)
    foreground[0] = 0.0
    return TrainingExample(target[..., np.newaxis], target, foreground)


def answering(scale: float, shift: float) -> Callable[[np.ndarray], tf.Tensor]:
    """A generator whose map is scale * CBV + shift."""
    return lambda inputs: tf.constant(scale * inputs[..., 0] + shift)


EXAMPLES = [an_example(0), an_example(1)]


@pytest.mark.parametrize("value", [0.0, 0.2])
def test_a_constant_map_is_dead_at_any_time(value: float) -> None:
    for steps in (0, 10, LEARNED_STEPS):
        assert collapse_reason(answering(0.0, value), EXAMPLES, steps) == "its maps are constant"


def test_the_limit_of_a_dead_map_lies_at_a_share_of_the_real_maps_spread() -> None:
    assert collapse_reason(answering(0.9 * DEAD_SPREAD_SHARE, 0.2), EXAMPLES, 0) == "its maps are constant"
    assert collapse_reason(answering(1.1 * DEAD_SPREAD_SHARE, 0.2), EXAMPLES, 0) == ""


def test_one_living_map_is_enough_to_be_alive() -> None:
    flat = TrainingExample(np.zeros((8, 8, 7, 1), np.float32), EXAMPLES[0].target, EXAMPLES[0].foreground)
    assert collapse_reason(answering(1.0, 0.0), [flat, EXAMPLES[1]], 0) == ""


def test_a_flat_real_map_cannot_tell_a_dead_one() -> None:
    flat = TrainingExample(EXAMPLES[0].inputs, np.full((8, 8, 7), 0.2, np.float32), EXAMPLES[0].foreground)
    assert collapse_reason(answering(0.0, 0.2), [flat], 0) == ""


def test_a_flow_is_judged_by_its_guess_and_not_by_the_texture_of_its_map() -> None:
    """A flow of more than 1000 steps used to count as collapsed: its texture errs more than a constant."""

    class Textured(FlowGenerator):
        def guess(self, volume: tf.Tensor) -> tf.Tensor:
            return tf.constant(0.9 * volume[..., 0] + 0.02)

        def synthesise(self, volume: tf.Tensor) -> tf.Tensor:
            return self.guess(volume) + tf.random.stateless_normal(tf.shape(volume)[:3], (1, 2), stddev=0.1)

    flow = Textured(1, GeneratorOptions(base_channels=4, residual_blocks=1), FlowSampling())
    assert "no better than" in collapse_reason(flow.__call__, EXAMPLES, LEARNED_STEPS)
    assert collapse_reason(flow, EXAMPLES, LEARNED_STEPS) == ""


def test_a_map_that_is_not_finite_is_collapsed() -> None:
    assert collapse_reason(answering(float("nan"), 0.0), EXAMPLES, 0) == "its maps are not finite"


def test_after_enough_steps_a_map_worse_than_the_constant_is_collapsed() -> None:
    inverted = answering(-1.0, 0.4)
    assert "no better than a constant map's" in collapse_reason(inverted, EXAMPLES, LEARNED_STEPS)
    assert collapse_reason(inverted, EXAMPLES, LEARNED_STEPS - 1) == ""
    assert collapse_reason(answering(0.5, 0.1), EXAMPLES, LEARNED_STEPS) == ""


def test_a_loss_diverges_when_it_is_not_finite() -> None:
    assert not is_diverged({"mae": 1e9, "feature": 0.0})
    assert is_diverged({"mae": 0.1, "feature": float("nan")})
    assert is_diverged({"mae": float("inf")})
