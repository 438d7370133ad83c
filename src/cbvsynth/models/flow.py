"""The generator of a rectified flow: noise becomes a CBV map along a nearly straight path.

    x_0  noise, normal with spread 1         x_1  the map, centred and scaled to a spread of about 1
    x_t  = (1 - t) x_0 + t x_1               dx/dt = (m(x_t, t, MRI) - x_t) / (1 - t)

The network m is the generator of every other algorithm with two changes: x_t is one more input channel,
and t moves scale and offset of every normalisation. It answers with the expected map and not with the
direction: the generator's bottleneck has no room for the noise that a direction would have to repeat.
A map is made by following the path in a few steps; the last one ends in what the network answers.

The noise of a served map is fixed, a tile that is repeated, so that the same images give the same map.

Source: Lipman et al. 2023, "Flow matching for generative modeling"; Liu, Gong, Liu 2023, "Flow straight
and fast". Tile, features of t, and scale of the map are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.domain.options import FlowSolver, OutputActivation, Precision
from cbvsynth.models.generator import CBV_START, Generator, GeneratorOptions, activated_output

MAP_SCALE = 10.0
"""Spreads of the scaled map in one cbv_max: CBV in a brain has a spread of about 2.5 of 25 mL/100 g."""
TIME_KNOTS = 8
"""Bumps over 0 to 1 that tell the network t. Bumps need no sine, which the served graph does not hold."""
NOISE_TILE = (64, 64, 8)
"""Noise repeats after as many voxels: about as far as a kernel at the bottom of the network sees."""
NOISE_SEED = 2023


@dataclass(frozen=True)
class FlowSampling:
    """How a map is made from noise. Neither has an effect on what is learned."""

    steps: int = 4
    solver: FlowSolver = FlowSolver.EULER

    @property
    def evaluations(self) -> int:
        """Passes through the network for one map."""
        return self.steps if self.solver is FlowSolver.EULER else 2 * self.steps - 1


class FlowGenerator(keras.Model):  # type: ignore[misc]  # keras has no type information
    """See the module; `synthesise` makes a map, `expected` is the network."""

    def __init__(
        self, channels: int, options: GeneratorOptions, sampling: FlowSampling, seed: int = 0
    ) -> None:
        super().__init__(name="flow", dtype=options.precision.value, autocast=False)
        self.channels = channels
        self.options = options
        self.sampling = sampling
        linear = replace(options, output_activation=OutputActivation.LINEAR)
        self._network = Generator(channels + 1, linear, seed, TIME_KNOTS)
        self.built = True

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(B, H, W, D, C) -> (B, H, W, D) float32; volumes are handled one after the other."""
        if inputs.shape[0] == 1:
            return self.synthesise(inputs[0])[tf.newaxis]
        return tf.map_fn(self.synthesise, inputs, fn_output_signature=tf.float32)

    def synthesise(self, volume: tf.Tensor) -> tf.Tensor:
        """One volume: (H, W, D, C) -> (H, W, D) float32, CBV as a share of cbv_max."""
        return self._followed(volume, self.sampling)

    def guess(self, volume: tf.Tensor) -> tf.Tensor:
        """What a single step answers, the least error and no texture; shapes as of `synthesise`."""
        return self._followed(volume, FlowSampling(steps=1))

    def _followed(self, volume: tf.Tensor, sampling: FlowSampling) -> tf.Tensor:
        inside = foreground_of(volume)
        state = fixed_noise(tf.shape(volume)[:3], NOISE_SEED)
        count = sampling.steps
        for number in range(count):
            start, end = number / count, (number + 1) / count
            slope = self._slope(volume, state, inside, start)
            ahead = state + (end - start) * slope
            if sampling.solver is FlowSolver.HEUN and number + 1 < count:
                slope = 0.5 * (slope + self._slope(volume, ahead, inside, end))
                ahead = state + (end - start) * slope
            state = ahead
        return activated_output(unscaled(state), self.options.output_activation)

    def expected(self, volume: tf.Tensor, state: tf.Tensor, inside: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """The expected map at the path's end: (H, W, D) float32, scaled as x_1.

        Args:
            volume: (H, W, D, C) normalised intensities.
            state: x_t, (H, W, D) float32.
            inside: (H, W, D) float32, 0 in the background, where noise is not shown.
            time: t, scalar float32.
        """
        seen = tf.concat((volume, (state * inside)[..., tf.newaxis]), axis=-1)
        return scaled(self._network.synthesise(seen, time_features(time)))

    def as_float32(self) -> keras.Model:
        """The same weights in a network that calculates in float32; this one if it already does."""
        if self.options.precision is Precision.FLOAT32:
            return self
        options = replace(self.options, precision=Precision.FLOAT32)
        served = FlowGenerator(self.channels, options, self.sampling)
        served.set_weights(self.get_weights())
        return served

    def _slope(self, volume: tf.Tensor, state: tf.Tensor, inside: tf.Tensor, time: float) -> tf.Tensor:
        return (self.expected(volume, state, inside, tf.constant(time)) - state) / (1.0 - time)


def scaled(share: tf.Tensor) -> tf.Tensor:
    """CBV as a share of cbv_max -> x_1."""
    return (share - CBV_START) * MAP_SCALE


def unscaled(state: tf.Tensor) -> tf.Tensor:
    """x_1 -> CBV as a share of cbv_max."""
    return state / MAP_SCALE + CBV_START


def foreground_of(volume: tf.Tensor) -> tf.Tensor:
    """(H, W, D, C) -> (H, W, D) float32, 1 where any channel is not zero."""
    return tf.cast(tf.reduce_any(tf.not_equal(volume, 0.0), axis=-1), tf.float32)


def time_features(time: tf.Tensor) -> tf.Tensor:
    """How near a time from 0 to 1 is to each of TIME_KNOTS evenly spaced ones: (TIME_KNOTS,) float32."""
    knots = tf.constant(np.linspace(0.0, 1.0, TIME_KNOTS, dtype=np.float32))
    return tf.exp(-tf.square((time - knots) * (TIME_KNOTS - 1)))


def fixed_noise(shape: tf.Tensor, seed: int) -> tf.Tensor:
    """Normal noise (H, W, D) float32 that a seed decides: one tile, repeated as often as it takes."""
    tile = np.random.default_rng(seed).standard_normal(NOISE_TILE, np.float32)
    size = tf.constant(NOISE_TILE)
    repeats = (shape + size - 1) // size
    repeated = tf.tile(tf.constant(tile), repeats)
    return repeated[: shape[0], : shape[1], : shape[2]]
