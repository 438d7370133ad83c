"""How near each kind of layer comes to what the processor can do.

    python benchmarks/roofline.py [--size 64x64x8] [--channels 3] [--repeats 7]

The peak is measured in the same run: a large product of two float32 matrices. Then every kind of layer of
the encoder-decoder is timed by itself, forward and backward, at the sizes that it has in a training step,
and the whole step beside them. "share" is the layer's arithmetic over its CPU time, as a part of the
peak's: 100 % for what multiplies and adds as fast as the product does; a method that needs fewer
multiplications can pass it. Normalisation and ReLU have next to no arithmetic; for them GB/s tells more.
CPU seconds, median of rounds that take turns. What the layers leave of a step is the loss, Adam, the sums
of the residual blocks, and the work of starting operations.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084

if TYPE_CHECKING:
    import tensorflow as tf

GIGA = 1e9
MATRIX = 2048
BASE = 16
BLOCKS = 6
FLOAT_BYTES = 4
PASSES = 3
"""Forward, and backward to the inputs and to the weights."""
TOUCHES = 7
"""How often normalisation and ReLU read or write their values, forward and backward, where each is fused."""


@dataclass(frozen=True)
class Layer:
    """One kind of layer of the network.

    count: how many there are; flops, bytes: of one, forward and backward.
    """

    name: str
    count: int
    action: Callable[[], object]
    flops: float = 0.0
    moved_bytes: float = 0.0


def main() -> None:
    """Time them and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", nargs="+", default=["64x64x8"])
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    for text in arguments.size:
        rows, columns, slices = (int(part) for part in text.lower().split("x"))
        _report((rows, columns, slices), arguments.channels, arguments.repeats)


def _report(size: tuple[int, int, int], channels: int, repeats: int) -> None:
    layers = _layers(size, channels)
    product, step = _product(), _whole_step(size, channels)
    taken = _cpu_seconds([product, step, *(layer.action for layer in layers)], repeats)
    peak = 2 * MATRIX**3 / taken[0] / GIGA
    print(f"\n{'x'.join(map(str, size))}, {channels} sequences; peak {peak:.0f} GFLOP/s of a CPU second")
    print(f"  {'':<44}{'CPU ms':>8}{'of step':>9}{'GFLOP/s':>9}{'share':>7}{'GB/s':>6}")
    total = flops = 0.0
    for layer, one_s in zip(layers, taken[2:], strict=True):
        seconds = layer.count * one_s
        rate, moved = layer.flops / one_s / GIGA, layer.moved_bytes / one_s / GIGA
        share = f"{rate:9.0f}{rate / peak:7.0%}" if layer.flops else f"{'':16}{moved:6.1f}"
        print(f"  {layer.name:<44}{1e3 * seconds:8.1f}{seconds / taken[1]:9.0%}{share}")
        total, flops = total + seconds, flops + layer.count * layer.flops
    rate = flops / taken[1] / GIGA
    print(f"  {'the layers together':<44}{1e3 * total:8.1f}{total / taken[1]:9.0%}")
    print(f"  {'the whole step':<44}{1e3 * taken[1]:8.1f}{'':9}{rate:9.0f}{rate / peak:7.0%}")


def _cpu_seconds(actions: list[Callable[[], object]], repeats: int) -> list[float]:
    taken: list[list[float]] = [[] for _ in actions]
    for repeat in range(-1, repeats):
        for times, action in zip(taken, actions, strict=True):
            begin = time.process_time()
            action()
            if repeat >= 0:
                times.append(time.process_time() - begin)
    return [median(times) for times in taken]


def _layers(size: tuple[int, int, int], channels: int) -> list[Layer]:
    from cbvsynth.models.layers import convolve, deconvolve

    rows, columns, slices = size
    full, half, deep = (
        (slices, -(-rows // step), -(-columns // step)) for step in (1, 2, 4)
    )  # places (D, H, W) on each level

    def convolution(
        name: str, places: tuple[int, ...], widths: tuple[int, int], stride: int, count: int = 1
    ) -> Layer:
        made = places if stride == 1 else (places[0], -(-places[1] // 2), -(-places[2] // 2))
        flops = PASSES * 2 * 9 * _product_of(made) * widths[0] * widths[1]
        run = _with_gradient((*places, widths[0]), (3, 3, *widths), partial(convolve, stride=stride))
        return Layer(f"{name}, {widths[0]} to {widths[1]}", count, run, flops)

    def transposed(
        name: str, places: tuple[int, ...], larger: tuple[int, ...], widths: tuple[int, int]
    ) -> Layer:
        import tensorflow as tf

        flops = PASSES * 2 * 9 * _product_of(places) * widths[0] * widths[1]
        like = tf.zeros((*larger, 1))
        run = _with_gradient(
            (*places, widths[0]), (3, 3, widths[1], widths[0]), partial(deconvolve, like=like)
        )
        return Layer(f"{name}, {widths[0]} to {widths[1]}", 1, run, flops)

    def norm(name: str, places: tuple[int, ...], width: int, count: int) -> Layer:
        moved = TOUCHES * FLOAT_BYTES * _product_of(places) * width
        return Layer(f"norm and ReLU, {name}", count, _norm((*places, width)), moved_bytes=moved)

    return [
        convolution("convolution 3x3, full size", full, (channels, BASE), 1),
        convolution("convolution 3x3 to half size", full, (BASE, 2 * BASE), 2),
        convolution("convolution 3x3 to a quarter", half, (2 * BASE, 4 * BASE), 2),
        convolution("convolution 3x3, a quarter", deep, (4 * BASE, 4 * BASE), 1, 2 * BLOCKS),
        transposed("deconvolution 3x3 to half size", deep, half, (4 * BASE, 2 * BASE)),
        transposed("deconvolution 3x3 to full size", half, full, (2 * BASE, BASE)),
        convolution("convolution 3x3, full size", full, (BASE, 1), 1),
        norm("full size", full, BASE, 2),
        norm("half size", half, 2 * BASE, 2),
        norm("a quarter", deep, 4 * BASE, 1 + 2 * BLOCKS),
    ]


def _product_of(places: tuple[int, ...]) -> int:
    return places[0] * places[1] * places[2]


def _with_gradient(
    shape: tuple[int, ...], kernel_shape: tuple[int, ...], layer: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
) -> Callable[[], object]:
    """A layer forward, and backward to its input and to its kernel."""
    import tensorflow as tf

    values, kernel = tf.random.normal(shape), tf.random.normal(kernel_shape)

    def run(values: tf.Tensor, kernel: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((values, kernel))
            made = layer(values, kernel)
        return tape.gradient(made, (values, kernel), output_gradients=seed)

    return partial(
        tf.function(run, autograph=False), values, kernel, tf.random.normal(layer(values, kernel).shape)
    )


def _norm(shape: tuple[int, ...]) -> Callable[[], object]:
    import tensorflow as tf

    from cbvsynth.models.layers import normalise_instance

    values, seed = tf.random.normal(shape), tf.random.normal(shape)
    scale, offset = tf.ones(shape[-1:]), tf.zeros(shape[-1:])

    def run(values: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((values, scale, offset))
            made = tf.nn.relu(normalise_instance(values, scale, offset))
        return tape.gradient(made, (values, scale, offset), output_gradients=seed)

    return partial(tf.function(run, autograph=False), values, scale, offset, seed)


def _product() -> Callable[[], object]:
    import tensorflow as tf

    left, right = tf.random.normal((MATRIX, MATRIX)), tf.random.normal((MATRIX, MATRIX))
    return partial(tf.function(tf.matmul, autograph=False), left, right)


def _whole_step(size: tuple[int, int, int], channels: int) -> Callable[[], object]:
    import tensorflow as tf

    from cbvsynth.models.generator import GeneratorOptions, build_generator
    from cbvsynth.training.adam import Adam
    from cbvsynth.training.steps import Learner, encoder_decoder_step

    network = build_generator(channels, GeneratorOptions(), seed=1)
    step = encoder_decoder_step(Learner(network, Adam(network.trainable_variables, 1e-3)))
    inputs, target = tf.random.uniform((*size, channels)), tf.random.uniform(size)
    return partial(step, inputs, target, tf.ones(size))


if __name__ == "__main__":
    main()
