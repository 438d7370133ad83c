"""One training step of the model for every combination: some of the sequences are taken away first."""

from __future__ import annotations

import tensorflow as tf

from cbvsynth.models.any_generator import available
from cbvsynth.training.steps import NO_REGION, Learner, Region, Step, inside_of, traced, weighted_error


def any_step(generator: Learner, seed: int, region: Region = NO_REGION) -> Step:
    """Train on the mean absolute error with a random part of the sequences that the examination has.

    The draw follows from the seed and the number of the step, which the optimiser counts: a resumed run draws
    what it would have drawn.
    """
    network, done = generator.network, generator.optimiser.updates

    def step(
        inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor, lesion: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        number = tf.stack((tf.constant(seed, tf.int64), done.read_value()))
        seen = inputs * drawn_subset(available(inputs), number)
        with tf.GradientTape() as tape:
            synthetic = network.synthesise(seen) * inside_of(foreground)
            losses = region.added(
                {"mae": weighted_error(target, synthetic, foreground)}, target, synthetic, lesion
            )
            total = region.total(losses["mae"], losses)
        generator.learn(tape, total)
        return losses

    return traced(step, network.channels, region)


def drawn_subset(present: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """A random non-empty part of what is there: (C,) of 0 and 1 -> (C,) of 0 and 1.

    Every number of sequences is as likely as any other, and so is every part of one number: single sequences,
    of which there are few, and all of them, which most patients have, come more often than if all parts were
    alike.

    Args:
        present: (C,) float32, 1 where there is a sequence; at least one is.
        number: (2,) int64, decides the draw.
    """
    count = tf.reduce_sum(present)
    size = 1.0 + tf.floor(tf.random.stateless_uniform((), number) * count)
    marks = tf.random.stateless_uniform(tf.shape(present), number + tf.constant((1 << 32, 0), tf.int64))
    order = tf.argsort(tf.argsort(tf.where(present > 0, marks, 2.0)))
    return present * tf.cast(tf.cast(order, tf.float32) < size, tf.float32)
