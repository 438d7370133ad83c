"""The operations that both networks are made of, on slices folded into the batch axis.

A convolution with a 3x3x1 kernel looks at one axial slice at a time, so the D slices of ONE volume
are handled as a batch of D images: (H, W, D, C) becomes (D, H, W, C), and a 2-D convolution computes
the same values several times faster than a 3-D one. Instance normalisation still takes its mean and
variance over all three axes of the volume: over (D, H, W), never over two volumes.

Images are in the compute type (float32 or bfloat16); weights are always float32.
"""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

NORM_EPSILON = 1.001e-5
"""Added to the variance; the smallest value that every backend's fused kernel takes."""

Padding = Literal["SAME", "VALID"]


def fold(volume: tf.Tensor) -> tf.Tensor:
    """(H, W, D, C) of one volume -> (D, H, W, C)."""
    return tf.transpose(volume, (2, 0, 1, 3))


def unfold(slices: tf.Tensor) -> tf.Tensor:
    """(D, H, W, C) of one volume -> (H, W, D, C)."""
    return tf.transpose(slices, (1, 2, 0, 3))


def convolve(slices: tf.Tensor, kernel: tf.Tensor, stride: int = 1, padding: Padding = "SAME") -> tf.Tensor:
    """Convolve every slice in plane; the output has ceil(size / stride) rows and columns if SAME.

    Args:
        slices: (D, H, W, C).
        kernel: (rows, columns, C, K) float32.
        stride: in-plane step.
        padding: SAME keeps the size, VALID only uses whole windows.
    """
    return tf.nn.conv2d(slices, tf.cast(kernel, slices.dtype), stride, padding)


def convolve_reflected(slices: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolve every slice in plane, mirrored at its edges; the size is kept."""
    edge = kernel.shape[0] // 2
    mirrored = tf.pad(slices, ((0, 0), (edge, edge), (edge, edge), (0, 0)), "REFLECT")
    return convolve(mirrored, kernel, padding="VALID")


def deconvolve(slices: tf.Tensor, kernel: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Transpose of the stride-2 convolution: double the in-plane size to exactly that of `like`.

    Args:
        slices: (D, ceil(H / 2), ceil(W / 2), C).
        kernel: (rows, columns, K, C) float32, in the order of a transposed convolution.
        like: (D, H, W, anything), whose H and W the output takes.
    """
    shape = tf.concat((tf.shape(like)[:3], kernel.shape[2:3]), axis=0)
    return tf.nn.conv2d_transpose(slices, tf.cast(kernel, slices.dtype), shape, 2, "SAME")


def double(slices: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Repeat every pixel twice in plane and cut to exactly the in-plane size of `like`."""
    depth, rows, columns, channels = tf.unstack(tf.shape(slices))
    blocks = tf.broadcast_to(
        slices[:, :, tf.newaxis, :, tf.newaxis, :], (depth, rows, 2, columns, 2, channels)
    )
    repeated = tf.reshape(blocks, (depth, rows * 2, columns * 2, slices.shape[-1]))
    size = tf.shape(like)
    return repeated[:, : size[1], : size[2], :]


def normalise_instance(slices: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Instance normalisation of one folded volume, per channel over (D, H, W), with scale and offset.

    It is batch normalisation in training mode over the slices of one volume, for which every device
    has a fused kernel. Statistics are float32 whatever the type of `slices`. A constant channel gives
    the offset, not NaN.

    Source: Ulyanov, Vedaldi, Lempitsky 2016, "Instance normalization".
    """
    normalised, *_ = tf.raw_ops.FusedBatchNormV3(
        x=slices,
        scale=scale,
        offset=offset,
        mean=tf.zeros((0,)),
        variance=tf.zeros((0,)),
        epsilon=NORM_EPSILON,
        is_training=True,
    )
    return normalised
