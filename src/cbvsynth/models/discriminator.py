"""The discriminator: does this CBV map look real? And the features by which maps are compared.

    convolutions 16, 32, 64, 128, 1 with kernels 4x4x1; strides 2, 2, 2, 1, 1 in plane (authors' code);
    LeakyReLU 0.2; instance normalisation on layers 2-4 (authors' code); the last layer is a map of
    scores, one for each patch, without activation.

It sees the CBV map alone, not the standard MRI.

Source: Wang, Pan et al. 2023, Materials and Methods.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from cbvsynth.domain.options import Precision
from cbvsynth.models.layers import convolve, fold, normalise_instance
from cbvsynth.models.weights import WeightMaker

KERNEL_SIZE = 4
LEAK = 0.2


def build_discriminator(base_channels: int, precision: Precision, seed: int = 0) -> keras.Model:
    """A discriminator with fresh weights."""
    return Discriminator(base_channels, precision, seed)


class Discriminator(keras.Model):  # type: ignore[misc]  # keras has no type information
    """See the module."""

    def __init__(self, base_channels: int, precision: Precision, seed: int) -> None:
        super().__init__(name="discriminator", dtype=precision.value, autocast=False)
        make, base = WeightMaker(self, seed), base_channels
        self._first = make.biased("layer_1", KERNEL_SIZE, 1, base)
        self._middle = (
            (make.normalised("layer_2", KERNEL_SIZE, base, 2 * base), 2),
            (make.normalised("layer_3", KERNEL_SIZE, 2 * base, 4 * base), 2),
            (make.normalised("layer_4", KERNEL_SIZE, 4 * base, 8 * base), 1),
        )
        self._last = make.biased("layer_5", KERNEL_SIZE, 8 * base, 1)
        self.built = True

    def call(self, cbv: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """Look at one map: (H, W, D) -> features of layers 1 to 4, and scores; 1 is real, 0 synthetic.

        Features are (D, h, w, channels) and scores (D, h, w, 1), both in the compute type.
        """
        slices = fold(tf.cast(cbv, self.compute_dtype)[..., tf.newaxis])
        slices = convolve(slices, self._first.kernel, stride=2)
        slices = slices + tf.cast(self._first.bias, slices.dtype)
        slices = tf.maximum(slices, LEAK * slices)  # the leaky ReLU's own operation trips the graph optimiser
        features = [slices]
        for weights, stride in self._middle:
            slices = convolve(slices, weights.kernel, stride)
            slices = tf.nn.leaky_relu(normalise_instance(slices, weights.scale, weights.offset), LEAK)
            features.append(slices)
        scores = convolve(slices, self._last.kernel)
        return tuple(features), scores + tf.cast(self._last.bias, scores.dtype)
