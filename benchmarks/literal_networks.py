"""The paper's networks written down literally: 3-D convolutions with 3x3x1 kernels on whole volumes.

Slow and plain. The tests hold `cbvsynth.models` to it, the benchmark measures against it. It takes its
weights from the networks of `cbvsynth.models`, by name.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from cbvsynth.domain.options import Decoder, EndKernel, OutputActivation, SkipConnections
from cbvsynth.models.layers import NORM_EPSILON


def normalise_literally(volumes: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Instance normalisation of (B, H, W, D, C) by its definition: moments over (H, W, D)."""
    mean, variance = tf.nn.moments(volumes, axes=(1, 2, 3), keepdims=True)
    return (volumes - mean) * tf.math.rsqrt(variance + NORM_EPSILON) * scale + offset


def synthesise_literally(generator: keras.Model, volumes: tf.Tensor) -> tf.Tensor:
    """The generator: (B, H, W, D, C) -> (B, H, W, D)."""
    options, weights = generator.options, {weight.name: weight.value for weight in generator.weights}

    def normalised(name: str, convolved: tf.Tensor) -> tf.Tensor:
        return normalise_literally(convolved, weights[f"{name}_scale"], weights[f"{name}_offset"])

    def doubled(name: str, small: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
        kernel, size = weights[f"{name}_kernel"][:, :, tf.newaxis], tf.shape(like)
        if options.decoder is Decoder.DECONVOLUTION:
            shape = tf.concat((size[:4], kernel.shape[3:4]), axis=0)
            large = tf.nn.conv3d_transpose(small, kernel, shape, (1, 2, 2, 1, 1), "SAME")
        else:
            repeated = tf.repeat(tf.repeat(small, 2, axis=1), 2, axis=2)[:, : size[1], : size[2]]
            large = _convolve(repeated, weights[f"{name}_kernel"])
        return tf.nn.relu(normalised(name, large))

    def joined(upper: tf.Tensor, skipped: tf.Tensor) -> tf.Tensor:
        has_skips = options.skip_connections is SkipConnections.UNET
        return tf.concat((upper, skipped), axis=-1) if has_skips else upper

    def at_end(slices: tf.Tensor, name: str) -> tf.Tensor:
        if options.end_kernel is EndKernel.TEXT:
            return _convolve(slices, weights[f"{name}_kernel"])
        mirrored = tf.pad(slices, ((0, 0), (3, 3), (3, 3), (0, 0), (0, 0)), "REFLECT")
        return _convolve(mirrored, weights[f"{name}_kernel"], padding="VALID")

    full = tf.nn.relu(normalised("first", at_end(volumes, "first")))
    half = tf.nn.relu(normalised("down_1", _convolve(full, weights["down_1_kernel"], 2)))
    deep = tf.nn.relu(normalised("down_2", _convolve(half, weights["down_2_kernel"], 2)))
    for block in range(1, options.residual_blocks + 1):
        first, second = f"block_{block}_a", f"block_{block}_b"
        change = tf.nn.relu(normalised(first, _convolve(deep, weights[f"{first}_kernel"])))
        deep += normalised(second, _convolve(change, weights[f"{second}_kernel"]))
    upper = joined(doubled("up_1", deep, half), half)
    upper = joined(doubled("up_2", upper, full), full)
    cbv = (at_end(upper, "last") + weights["last_bias"])[..., 0]
    activation = {OutputActivation.RELU: tf.nn.relu, OutputActivation.SOFTPLUS: tf.nn.softplus}
    return activation.get(options.output_activation, tf.identity)(cbv)


def judge_literally(discriminator: keras.Model, cbv: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
    """The discriminator: (B, H, W, D) -> features 1 to 4 (B, h, w, D, C), scores (B, h, w, D, 1)."""
    weights = {weight.name: weight.value for weight in discriminator.weights}
    first = _convolve(cbv[..., tf.newaxis], weights["layer_1_kernel"], 2) + weights["layer_1_bias"]
    features = [tf.nn.leaky_relu(first, 0.2)]
    for layer, stride in ((2, 2), (3, 2), (4, 1)):
        convolved = _convolve(features[-1], weights[f"layer_{layer}_kernel"], stride)
        scale, offset = weights[f"layer_{layer}_scale"], weights[f"layer_{layer}_offset"]
        features.append(tf.nn.leaky_relu(normalise_literally(convolved, scale, offset), 0.2))
    return features, _convolve(features[-1], weights["layer_5_kernel"]) + weights["layer_5_bias"]


def _convolve(volumes: tf.Tensor, kernel: tf.Tensor, stride: int = 1, padding: str = "SAME") -> tf.Tensor:
    return tf.nn.conv3d(volumes, kernel[:, :, tf.newaxis], (1, stride, stride, 1, 1), padding)
