"""One generator for every combination: it reads what there is of its sequences and is told what is missing.

A sequence that is missing is a channel of zeros, and which sequences there are, each and in pairs, moves
scale and offset of every normalisation: a zero means something else where nothing was acquired.

What is served is not this network. For one combination, the channels of the others carry nothing and the
conditions are constants, so that what remains is an ordinary generator of these sequences: `for_combination`.

Source: Neverova et al. 2016, "ModDrop"; Perez et al. 2018, "FiLM". Pairs are ours.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.domain.options import Precision
from cbvsynth.domain.sequences import Combination
from cbvsynth.models.generator import Generator, GeneratorOptions


class AnyGenerator(keras.Model):  # type: ignore[misc]  # keras has no type information
    """See the module; `synthesise` is the network that learns."""

    def __init__(self, reads: Combination, options: GeneratorOptions, seed: int = 0) -> None:
        super().__init__(name="any", dtype=options.precision.value, autocast=False)
        self.reads = reads
        self.options = options
        self.channels = len(reads.sequences)
        self._network = Generator(self.channels, options, seed, len(subset_features(np.ones(self.channels))))
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(B, H, W, D, C) -> (B, H, W, D) float32; volumes are handled one after the other."""
        return tf.map_fn(self.synthesise, inputs, fn_output_signature=tf.float32)

    def synthesise(self, volume: tf.Tensor) -> tf.Tensor:
        """One volume: (H, W, D, C), all zero where a sequence is missing -> (H, W, D) float32."""
        return self.map_of(self.features(volume))

    @property
    def feature_channels(self) -> int:
        """Of `features`."""
        channels: int = self._network.feature_channels
        return channels

    def features(self, volume: tf.Tensor) -> tf.Tensor:
        """As `Generator.features`."""
        return self._network.features(volume, subset_features(available(volume)))

    def map_of(self, features: tf.Tensor) -> tf.Tensor:
        """As `Generator.map_of`."""
        return self._network.map_of(features)

    def for_combination(self, combination: Combination) -> Generator:
        """The generator of these sequences alone that makes the same maps, in float32.

        Args:
            combination: sequences that this network reads.
        """
        places = [self.reads.sequences.index(sequence) for sequence in combination.sequences]
        present = np.isin(np.arange(self.channels), places).astype(np.float32)
        condition = subset_features(present).numpy()
        served = Generator(len(places), replace(self.options, precision=Precision.FLOAT32), 0)
        learned = {weight.name: np.asarray(weight.value) for weight in self._network.weights}
        for weight in served.weights:
            value, name = learned[weight.name], weight.name
            layer, _, part = name.rpartition("_")
            if name == "first_kernel":
                value = value[:, :, places]
            if part in ("scale", "offset"):
                change = learned[f"{layer}_modulation"][("scale", "offset").index(part)]
                value = value + condition @ change
            weight.assign(value)
        return served


def available(volume: tf.Tensor) -> tf.Tensor:
    """(H, W, D, C) -> (C,) float32: 1 where a channel holds anything."""
    return tf.cast(tf.reduce_any(tf.not_equal(volume, 0.0), axis=(0, 1, 2)), tf.float32)


def subset_features(present: tf.Tensor) -> tf.Tensor:
    """(C,) of 0 and 1 -> (C + C (C - 1) / 2,) float32: each sequence, then each pair that is there."""
    present = tf.cast(present, tf.float32)
    pairs = list(combinations(range(present.shape[0]), 2))
    if not pairs:
        return present
    first, second = (tf.gather(present, [pair[side] for pair in pairs]) for side in (0, 1))
    return tf.concat((present, first * second), axis=0)
