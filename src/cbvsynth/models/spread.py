"""The head that says how far off a map is likely to be, by what the generator's last layer sees.

It learns from the finished map's errors and sends nothing back: the map is the same with it and without it.

Source: Kendall, Gal 2017, a likelihood whose scale is learned; that nothing is sent back is ours.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from cbvsynth.domain.options import Precision
from cbvsynth.models.layers import convolve, normalise_instance, unfold
from cbvsynth.models.weights import WeightMaker

SPREAD_START = 0.02
"""Expected error before training, as a share of cbv_max: about that of a short training's map."""
LEAST_SPREAD = 1e-4
"""Added to every expected error, so that its logarithm is known where the map is always right."""


class SpreadHead(keras.Model):  # type: ignore[misc]  # keras has no type information
    """Two convolutions over the features of a generator."""

    def __init__(self, channels: int, precision: Precision, seed: int = 0) -> None:
        super().__init__(name="spread", dtype=precision.value, autocast=False)
        self.channels = channels
        make = WeightMaker(self, seed)
        self._first = make.normalised("spread_first", 3, channels, channels)
        self._last = make.output("spread_last", 3, channels, math.log(math.expm1(SPREAD_START)), 0.1)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """(D, H, W, C) of one volume -> (H, W, D) float32: expected absolute error, a share of cbv_max."""
        slices = tf.cast(features, self.compute_dtype)
        hidden = normalise_instance(convolve(slices, self._first.kernel), *self._first.affine(None))
        last = convolve(tf.nn.relu(hidden), self._last.kernel)
        return unfold(tf.nn.softplus(tf.cast(last, tf.float32) + self._last.bias))[..., 0] + LEAST_SPREAD

    def as_float32(self) -> keras.Model:
        """The same weights in a head that calculates in float32."""
        served = SpreadHead(self.channels, Precision.FLOAT32)
        served.set_weights(self.get_weights())
        return served
