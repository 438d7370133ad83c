"""One training step of a rectified flow."""

from __future__ import annotations

import tensorflow as tf

from cbvsynth.models.flow import foreground_of, scaled, unscaled
from cbvsynth.training.losses import flow_loss
from cbvsynth.training.steps import NO_REGION, Learner, Region, Step, traced


def flow_step(generator: Learner, seed: int, region: Region = NO_REGION) -> Step:
    """Train the network to tell the map from a mixture of map and noise, at a time drawn anew for each step.

    Noise and time follow from the seed and the number of the step, which the optimiser counts: a resumed run
    draws what it would have drawn.
    """
    network, done = generator.network, generator.optimiser.updates

    def step(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        number = tf.stack((tf.constant(seed, tf.int64), done.read_value()))
        noise = tf.random.stateless_normal(tf.shape(target), number)
        time = tf.random.stateless_uniform((), number + tf.constant((1 << 32, 0), tf.int64))
        real, inside = scaled(target), foreground_of(inputs)
        state = (1.0 - time) * noise + time * real
        with tf.GradientTape() as tape:
            expected = network.expected(inputs, state, inside, time)
            losses = {"flow": flow_loss(real, expected, foreground)}
            losses = region.added(losses, target, unscaled(expected), lesion)
            total = region.total(losses["flow"], losses)
        generator.learn(tape, total)
        return losses

    return traced(step, network.channels, region)
