"""A LinkNet of three dimensions in NumPy: the network of deepbet, run without PyTorch.

An encoder of residual blocks, halved three times, and a decoder that adds what the encoder had at each size.
Every layer is a matrix product for each plane: BLAS does the work, and one plane's neighbourhoods are held.

Source: Chaurasia & Culurciello 2017, LinkNet, arXiv:1707.03718; strides and paddings as in deepbet's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Weights = Mapping[str, Float32Array]
"""Name of a layer -> its kernel, (out, in, kx, ky, kz), or its bias, (out,)."""

LEVELS = 4
"""Sizes at which the encoder has blocks."""
_EPSILON = np.float32(1e-5)
_ODD = ((0, 2), (1, 0))
_EVEN = ((0, 1),)
"""Of a transposed convolution of stride 2 and three taps: (voxel ahead, tap) for odd and even places."""


def inside_logit(image: Float32Array, weights: Weights) -> Float32Array:
    """How much more each voxel looks like the inside than the outside, (X, Y, Z); above 0 it is inside.

    Args:
        image: (X, Y, Z) float32, scaled as in training; each side a multiple of 32.
        weights: of all layers.
    """
    start = _convolved(image[..., None], weights["init.0.weight"], stride=2, relu="relu")
    found = [_pooled(start)]
    del start
    for level in range(LEVELS):
        found.append(_encoded(found[-1], weights, f"down{level}", stride=1 if level == 0 else 2))
    ahead = found.pop()
    for level in range(LEVELS):
        ahead = _decoded(ahead, weights, f"up{level}", stride=2 if level < LEVELS - 1 else 1)
        ahead += found.pop()
    wide = _transposed(ahead, weights["tp_conv1.0.weight"])
    wide = _normalised(wide, relu="relu")
    wide = _convolved(wide, weights["conv.0.weight"], relu="relu")
    return _doubled(wide, weights["tp_conv2.weight"], weights["tp_conv2.bias"])


def _encoded(image: Float32Array, weights: Weights, name: str, stride: int) -> Float32Array:
    for block, step in (("block1", stride), ("block2", 1)):
        inner = f"{name}.{block}.double_conv"
        found = _convolved(image, weights[f"{inner}.0.weight"], stride=step, relu="relu")
        found = _convolved(found, weights[f"{inner}.3.weight"])
        short = weights.get(f"{name}.{block}.downsample.0.weight")
        found += image if short is None else _convolved(image, short, stride=step)
        image = np.maximum(found, 0, out=found)
    return image


def _decoded(image: Float32Array, weights: Weights, name: str, stride: int) -> Float32Array:
    found = _convolved(image, weights[f"{name}.conv1.0.weight"], relu="relu")
    kernel = weights[f"{name}.tp_conv.0.weight"]
    if stride == 1:  # then it is a convolution with the kernel turned round
        turned = kernel.swapaxes(0, 1)[:, :, ::-1, ::-1, ::-1]
        found = _convolved(found, turned, relu="relu")
    else:
        found = _normalised(_transposed(found, kernel), relu="relu")
    return _convolved(found, weights[f"{name}.conv2.0.weight"], relu="relu")


def _convolved(image: Float32Array, kernel: Float32Array, stride: int = 1, relu: str = "") -> Float32Array:
    """Convolution that keeps the size (or halves it), then instance normalisation; a bias would vanish."""
    size = kernel.shape[2]
    flat = kernel.transpose(2, 3, 4, 1, 0).reshape(-1, kernel.shape[0])
    padded = np.pad(image, [(size // 2, size // 2)] * 3 + [(0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size,) * 3, axis=(0, 1, 2))
    windows = windows[::stride, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 6, 3)
    found = np.empty((*windows.shape[:3], kernel.shape[0]), np.float32)
    for plane, target in zip(windows, found, strict=True):
        np.matmul(plane.reshape(-1, flat.shape[0]), flat, out=target.reshape(-1, flat.shape[1]))
    return _normalised(found, relu)


def _transposed(image: Float32Array, kernel: Float32Array) -> Float32Array:
    """Transposed convolution of stride 2 with three taps a side: twice the size."""
    shape = image.shape[:3]
    ahead = np.pad(image, [(0, 1)] * 3 + [(0, 0)])
    found = np.zeros((*(2 * side for side in shape), kernel.shape[1]), np.float32)
    for place in product((0, 1), repeat=3):
        target = found[place[0] :: 2, place[1] :: 2, place[2] :: 2]
        for taps in product(*((_ODD if odd else _EVEN) for odd in place)):
            part = tuple(slice(step, step + side) for (step, _), side in zip(taps, shape, strict=True))
            target += ahead[part] @ kernel[:, :, taps[0][1], taps[1][1], taps[2][1]]
    return found


def _doubled(image: Float32Array, kernel: Float32Array, bias: Float32Array) -> Float32Array:
    """Transposed convolution of stride 2 with two taps a side; its second channel less its first."""
    sides = image.shape[:3]
    difference = (kernel[:, 1] - kernel[:, 0]).reshape(kernel.shape[0], 8)
    found = np.empty([2 * side for side in sides], np.float32)
    for plane, target in zip(image, found.reshape(sides[0], 2, sides[1], 2, sides[2], 2), strict=True):
        parts = (plane @ difference).reshape(sides[1], sides[2], 2, 2, 2)
        target[...] = parts.transpose(2, 0, 3, 1, 4) + (bias[1] - bias[0])
    return found


def _pooled(image: Float32Array) -> Float32Array:
    """The largest of three voxels a side, at every second place; outside counts as nothing, for x >= 0."""
    for axis in range(3):
        line = np.moveaxis(image, axis, 0)
        found = np.maximum(line[::2], line[1::2])
        np.maximum(found[1:], line[1:-1:2], out=found[1:])
        image = np.moveaxis(found, 0, axis)
    return np.ascontiguousarray(image)


def _normalised(image: Float32Array, relu: str = "") -> Float32Array:
    """Each channel with mean 0 and variance 1, in place; negative values to 0 where asked."""
    axes = (1, 2)
    mean = image.mean(axis=axes).mean(axis=0, dtype=np.float64).astype(np.float32)
    image -= mean
    variance = np.einsum("xyzc,xyzc->xc", image, image, optimize=False).sum(axis=0, dtype=np.float64)
    image *= (1.0 / np.sqrt(variance / np.prod(image.shape[:3]) + _EPSILON)).astype(np.float32)
    return np.maximum(image, 0, out=image) if relu else image
