"""Adam with one fused update per weight.

Keras' own Adam spells an update out in a dozen small operations per weight, which doubles the time
that tracing a step takes (docs/explanation/networks.md has the figures) and computes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7


@dataclass(frozen=True)
class Cooldown:
    """The last part of a training, in which the learning rate falls along a line, to 0 after the last update.

    The last step's chance then moves no weight by much. By default there is no such part, as in the paper.
    """

    share: float = 0.0
    """Of all updates, from 0 to 1."""
    updates: int = 0
    """How many there are in all."""

    def scaled(self, learning_rate: float, count: tf.Tensor) -> float | tf.Tensor:
        """The rate of an update; the first has the count 1."""
        if self.share == 0.0:
            return learning_rate
        left = (self.updates + 1.0 - count) / (self.share * self.updates)
        return learning_rate * tf.clip_by_value(left, 0.0, 1.0)


NO_COOLDOWN = Cooldown()


class Adam:
    """Moments of the gradients of a fixed list of weights.

    Source: Kingma, Ba 2015, "Adam", in the form at the end of section 2.
    """

    def __init__(
        self, weights: Sequence[keras.Variable], learning_rate: float, cooldown: Cooldown = NO_COOLDOWN
    ) -> None:
        self._cooldown = cooldown
        self._weights = [weight.value for weight in weights]
        self._learning_rate = learning_rate
        self._first = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights]
        self._second = [tf.Variable(tf.zeros_like(weight), trainable=False) for weight in self._weights]
        self._updates = tf.Variable(0, dtype=tf.int64, trainable=False)

    @property
    def updates(self) -> tf.Variable:
        """How often `apply` was called, int64."""
        return self._updates

    @property
    def state(self) -> list[tf.Variable]:
        """Everything that a resumed run needs: the number of updates, then both moments."""
        return [self._updates, *self._first, *self._second]

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Move every weight by its gradient; call it while a step is traced."""
        count = tf.cast(self._updates.assign_add(1), tf.float32)
        rate = self._cooldown.scaled(self._learning_rate, count)
        beta_1_power, beta_2_power = tf.pow(BETA_1, count), tf.pow(BETA_2, count)
        for weight, first, second, gradient in zip(
            self._weights, self._first, self._second, gradients, strict=True
        ):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=beta_1_power,
                beta2_power=beta_2_power,
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )
