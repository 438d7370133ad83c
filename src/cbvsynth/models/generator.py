"""The generator: standard MRI in, synthetic CBV out.

    convolutions 16, 32, 64 (strides 1, 2, 2) -> 6 residual blocks of 64 -> deconvolutions 32, 16
    -> convolution to 1 channel; kernels 3x3x1, strides in plane only.

The paper's text has every layer followed by instance normalisation. Here the last one is not: a
normalised output would have the same mean and spread whatever the input, so that an absolute CBV
could not come through.

Source: Wang, Pan et al. 2023, Materials and Methods; what an option's docstring calls the authors'
code is not in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import tensorflow as tf

from cbvsynth.domain.options import Decoder, EndKernel, OutputActivation, Precision, SkipConnections
from cbvsynth.models.layers import (
    convolve,
    convolve_reflected,
    deconvolve,
    double,
    fold,
    normalise_instance,
    unfold,
)
from cbvsynth.models.weights import NormalisedKernel, WeightMaker

CBV_START = 0.1
OUTPUT_GAIN = 0.03
"""The map before training: nearly constant at a tenth of cbv_max, close to the brain's mean CBV (2-4
mL/100 g of 25) and above zero, so that a ReLU at the output starts alive. Neither is from the paper;
docs/explanation/networks.md has what they gain."""

_OUTPUT: dict[OutputActivation, Callable[[tf.Tensor], tf.Tensor]] = {
    OutputActivation.LINEAR: tf.identity,
    OutputActivation.RELU: tf.nn.relu,
    OutputActivation.SOFTPLUS: tf.nn.softplus,
}


@dataclass(frozen=True)
class GeneratorOptions:
    """What shapes a generator; the defaults are the paper's text."""

    base_channels: int = 16
    residual_blocks: int = 6
    decoder: Decoder = Decoder.DECONVOLUTION
    end_kernel: EndKernel = EndKernel.TEXT
    skip_connections: SkipConnections = SkipConnections.NONE
    output_activation: OutputActivation = OutputActivation.RELU
    precision: Precision = Precision.FLOAT32


def build_generator(channels: int, options: GeneratorOptions, seed: int = 0) -> keras.Model:
    """A generator with fresh weights.

    The model maps (B, H, W, D, channels) normalised intensities to (B, H, W, D) float32 CBV as a
    share of cbv_max, for any B, H, W and D; nothing is padded or cut, and no volume of a batch has
    an influence on another one.
    """
    return Generator(channels, options, seed)


class Generator(keras.Model):  # type: ignore[misc]  # keras has no type information
    """See the module; `synthesise` is the network.

    With `conditions`, as many numbers that come with a volume move scale and offset of every normalisation.
    """

    def __init__(self, channels: int, options: GeneratorOptions, seed: int, conditions: int = 0) -> None:
        super().__init__(name="generator", dtype=options.precision.value, autocast=False)
        self.options = options
        self.channels = channels
        self.conditions = conditions
        base, size = options.base_channels, 7 if options.end_kernel is EndKernel.AUTHORS else 3
        has_skips = options.skip_connections is SkipConnections.UNET
        make = WeightMaker(self, seed, conditions)
        self._first = make.normalised("first", size, channels, base)
        self._down = (
            make.normalised("down_1", 3, base, 2 * base),
            make.normalised("down_2", 3, 2 * base, 4 * base),
        )
        self._blocks = tuple(
            (
                make.normalised(f"block_{number}_a", 3, 4 * base, 4 * base),
                make.normalised(f"block_{number}_b", 3, 4 * base, 4 * base),
            )
            for number in range(1, options.residual_blocks + 1)
        )
        make_up = make.transposed if options.decoder is Decoder.DECONVOLUTION else make.normalised
        self._up = (
            make_up("up_1", 3, 4 * base, 2 * base),
            make_up("up_2", 3, (4 if has_skips else 2) * base, base),
        )
        self.feature_channels = (2 if has_skips else 1) * base
        self._last = make.output("last", size, self.feature_channels, CBV_START, OUTPUT_GAIN)
        self.built = True

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(B, H, W, D, C) -> (B, H, W, D) float32; volumes are handled one after the other."""
        if inputs.shape[0] == 1:
            return self.synthesise(inputs[0])[tf.newaxis]
        return tf.map_fn(self.synthesise, inputs, fn_output_signature=tf.float32)

    def synthesise(self, volume: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """One volume: (H, W, D, C), and its conditions (K,) if there are any -> (H, W, D) float32."""
        return self.map_of(self.features(volume, condition))

    def features(self, volume: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """What the last layer sees of a volume: (D, H, W, `feature_channels`) in the compute type."""
        full = self._convolve_end(fold(tf.cast(volume, self.compute_dtype)), self._first.kernel)
        full = _activated(full, self._first, condition)
        half = _activated(convolve(full, self._down[0].kernel, stride=2), self._down[0], condition)
        deep = _activated(convolve(half, self._down[1].kernel, stride=2), self._down[1], condition)
        for first, second in self._blocks:
            change = _activated(convolve(deep, first.kernel), first, condition)
            deep += normalise_instance(convolve(change, second.kernel), *second.affine(condition))
        upper = self._joined(_activated(self._doubled(deep, self._up[0], half), self._up[0], condition), half)
        upper = _activated(self._doubled(upper, self._up[1], full), self._up[1], condition)
        return self._joined(upper, full)

    def map_of(self, features: tf.Tensor) -> tf.Tensor:
        """Features of one volume -> (H, W, D) float32."""
        last = self._convolve_end(features, self._last.kernel)
        cbv = self._output(tf.cast(last, tf.float32) + self._last.bias)
        return unfold(cbv)[..., 0]

    def as_float32(self) -> keras.Model:
        """The same weights in a network that calculates in float32; this one if it already does."""
        if self.options.precision is Precision.FLOAT32:
            return self
        served = Generator(
            self.channels, replace(self.options, precision=Precision.FLOAT32), 0, self.conditions
        )
        served.set_weights(self.get_weights())
        return served

    def _convolve_end(self, slices: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        reflects = self.options.end_kernel is EndKernel.AUTHORS
        return convolve_reflected(slices, kernel) if reflects else convolve(slices, kernel)

    def _doubled(self, slices: tf.Tensor, weights: NormalisedKernel, like: tf.Tensor) -> tf.Tensor:
        if self.options.decoder is Decoder.DECONVOLUTION:
            return deconvolve(slices, weights.kernel, like)
        return convolve(double(slices, like), weights.kernel)

    def _joined(self, slices: tf.Tensor, skipped: tf.Tensor) -> tf.Tensor:
        if self.options.skip_connections is SkipConnections.NONE:
            return slices
        return tf.concat((slices, skipped), axis=-1)

    def _output(self, values: tf.Tensor) -> tf.Tensor:
        return activated_output(values, self.options.output_activation)


def activated_output(values: tf.Tensor, activation: OutputActivation) -> tf.Tensor:
    """What follows the last convolution."""
    return _OUTPUT[activation](values)


def _activated(convolved: tf.Tensor, weights: NormalisedKernel, condition: tf.Tensor | None) -> tf.Tensor:
    return tf.nn.relu(normalise_instance(convolved, *weights.affine(condition)))
