"""The network in NumPy against the same layers written out with SciPy's filters."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import ndimage

from cbvsynth.extraction.linknet import inside_logit

CHANNELS = {"init": 2, "down0": 2, "down1": 3, "down2": 4, "down3": 5}


def small_weights() -> dict[str, np.ndarray]:
    """Random layers of the network's structure with few channels."""
    rng = np.random.default_rng(3)
    shapes = {"init.0.weight": (2, 1, 7, 7, 7)}
    for level, (narrow, wide) in enumerate(((2, 2), (2, 3), (3, 4), (4, 5))):
        for block, first in (("block1", narrow), ("block2", wide)):
            shapes[f"down{level}.{block}.double_conv.0.weight"] = (wide, first, 3, 3, 3)
            shapes[f"down{level}.{block}.double_conv.3.weight"] = (wide, wide, 3, 3, 3)
        if narrow != wide:
            shapes[f"down{level}.block1.downsample.0.weight"] = (wide, narrow, 1, 1, 1)
    for level, (wide, narrow) in enumerate(((5, 4), (4, 3), (3, 2), (2, 2))):
        shapes[f"up{level}.conv1.0.weight"] = (2, wide, 1, 1, 1)
        shapes[f"up{level}.tp_conv.0.weight"] = (2, 2, 3, 3, 3)
        shapes[f"up{level}.conv2.0.weight"] = (narrow, 2, 1, 1, 1)
    shapes |= {"tp_conv1.0.weight": (2, 3, 3, 3, 3), "conv.0.weight": (3, 3, 3, 3, 3)}
    shapes |= {"tp_conv2.weight": (3, 2, 2, 2, 2), "tp_conv2.bias": (2,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def normalised(x: np.ndarray) -> np.ndarray:
    axes = (1, 2, 3)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    found = [
        sum(ndimage.correlate(c, k.astype(float), mode="constant") for c, k in zip(x, kernels, strict=True))
        for kernels in kernel
    ]
    return np.stack(found)[:, ::stride, ::stride, ::stride]


def spread(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """A transposed convolution as it is defined: each voxel adds the kernel around its place."""
    sides = [stride * side for side in x.shape[1:]]
    size = kernel.shape[2]
    found = np.zeros((kernel.shape[1], *(side + size for side in sides)))
    for a, b, c in product(range(size), repeat=3):
        part = np.einsum("cxyz,cd->dxyz", x, kernel[:, :, a, b, c])
        target = tuple(slice(tap, tap + side, stride) for tap, side in zip((a, b, c), sides, strict=True))
        found[(slice(None), *target)] += part
    return found[(slice(None), *(slice(padding, padding + side) for side in sides))]


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def written_out(image: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    x = relu(normalised(convolved(image[None].astype(float), weights["init.0.weight"], 2)))
    x = ndimage.maximum_filter(x, (1, 3, 3, 3), mode="constant")[:, ::2, ::2, ::2]
    kept = [x]
    for level in range(4):
        for block in ("block1", "block2"):
            step = 2 if level and block == "block1" else 1
            name = f"down{level}.{block}"
            y = relu(normalised(convolved(x, weights[f"{name}.double_conv.0.weight"], step)))
            y = normalised(convolved(y, weights[f"{name}.double_conv.3.weight"]))
            if f"{name}.downsample.0.weight" in weights:
                x = normalised(convolved(x, weights[f"{name}.downsample.0.weight"], step))
            x = relu(x + y)
        kept.append(x)
    for level in range(4):
        y = relu(
            normalised(
                convolved(x if level == 0 else x + kept[-1 - level], weights[f"up{level}.conv1.0.weight"])
            )
        )
        y = relu(normalised(spread(y, weights[f"up{level}.tp_conv.0.weight"], 1 if level == 3 else 2, 1)))
        x = relu(normalised(convolved(y, weights[f"up{level}.conv2.0.weight"])))
    x = relu(normalised(spread(x + kept[0], weights["tp_conv1.0.weight"], 2, 1)))
    x = relu(normalised(convolved(x, weights["conv.0.weight"])))
    both = spread(x, weights["tp_conv2.weight"], 2, 0) + weights["tp_conv2.bias"][:, None, None, None]
    return both[1] - both[0]


def test_it_is_the_network_that_it_says() -> None:
    image = np.random.default_rng(1).normal(size=(64, 96, 64)).astype(np.float32)
    weights = small_weights()
    found, expected = inside_logit(image, weights), written_out(image, weights)
    assert found.shape == image.shape
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()
