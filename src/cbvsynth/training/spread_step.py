"""A training step that also teaches the head how far off the map is."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from cbvsynth.training.losses import spread_loss
from cbvsynth.training.steps import NO_REGION, Learner, Region, Step, inside_of, traced

Seen = Callable[[tf.Tensor], tf.Tensor]
"""Inputs of an examination -> what the head learns from: all of them, or a part of the sequences."""


def with_spread(
    step: Step, generator: Learner, head: Learner, region: Region = NO_REGION, seen: Seen = tf.identity
) -> Step:
    """Let a step be followed by one of the head, on the map that the moved generator makes.

    The generator does not hear of it: its weights are those of the step alone.
    """
    network = generator.network

    def both(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        parts = (inputs, target, foreground) if lesion is None else (inputs, target, foreground, lesion)
        losses = step(*parts)
        features = tf.stop_gradient(network.features(seen(inputs)))
        error = tf.abs(target - network.map_of(features))
        with tf.GradientTape() as tape:
            loss = spread_loss(error, head.network(features), inside_of(foreground))
        head.learn(tape, loss)
        return {**losses, "spread": loss}

    return traced(both, network.channels, region)
