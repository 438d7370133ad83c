"""Convolutions of the residual blocks by Winograd's method, F(4 x 4, 3 x 3), beside TensorFlow's.

    python benchmarks/winograd.py [--sizes 64x64x8 128x128x12] [--repeats 15]

Twelve convolutions 3x3 of 64 channels on a quarter of the matrix, forward and backward. A tile of 4 x 4
values costs 36 multiplications a pair of channels in place of 144, and has to be gathered and transformed for
it. CPU milliseconds of one thread for all twelve, medians of rounds that take turns, and by how much the
gradients differ, as a share of the largest. ONEDNN_MAX_CPU_ISA=AVX2 shows what an older processor would do.

Source: Lavin & Gray 2016, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

if TYPE_CHECKING:
    import tensorflow as tf

    Convolve = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

CHANNELS = 64
LAYERS = 12
TILE, WINDOW = 4, 6
OF_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
OF_KERNEL = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
OF_OUTPUT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def main() -> None:
    """Time both on the matrices that the residual blocks see."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=["64x64x8", "128x128x12"], help="HxWxD, H and W by 16")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    for size in arguments.sizes:
        rows, columns, slices = (int(part) for part in size.lower().split("x"))
        shape = (slices, rows // 4, columns // 4)
        forms = {"TensorFlow's": plain, "Winograd's": winograd(shape)}
        steps = {form: training_step(convolve, shape) for form, convolve in forms.items()}
        usual = steps["TensorFlow's"]()
        taken: dict[str, list[float]] = {form: [] for form in steps}
        for _ in range(arguments.repeats + 1):
            for form, step in steps.items():
                begin = time.process_time()
                step()
                taken[form].append(1e3 * (time.process_time() - begin))
        print(size)
        for form, times in taken.items():
            ratio = median(taken["TensorFlow's"][1:]) / median(times[1:])
            apart = float(abs(steps[form]() - usual).numpy().max() / abs(usual).numpy().max())
            print(f"  {form:<14}{median(times[1:]):8.1f} ms, {ratio:.2f} times as fast, {apart:.0e} apart")


def plain(values: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolution (N, H, W, C) x (3, 3, C, F) -> (N, H, W, F)."""
    import tensorflow as tf

    return tf.nn.conv2d(values, kernel, 1, "SAME")


def winograd(shape: tuple[int, int, int]) -> Convolve:
    """The same for N x H x W values, H and W multiples of 4, with a gradient by the same method."""
    import tensorflow as tf

    count, rows, columns = shape
    down, across = rows // TILE, columns // TILE
    number, tile_row, tile_column = np.meshgrid(*map(np.arange, (count, down, across)), indexing="ij")
    corner = (number * (rows + 2) + TILE * tile_row) * (columns + 2) + TILE * tile_column
    offsets = [row * (columns + 2) + column for row in range(WINDOW) for column in range(WINDOW)]
    places = tf.constant(np.stack([(corner + offset).ravel() for offset in offsets]), tf.int32)
    of_input, of_kernel, of_output = (
        tf.constant(np.kron(matrix, matrix), tf.float32) for matrix in (OF_INPUT, OF_KERNEL, OF_OUTPUT)
    )

    def transformed(matrix: tf.Tensor, values: tf.Tensor, *, back: bool = False) -> tf.Tensor:
        """A matrix (P, Q) for the first axis of values (Q, ...), or its transpose the other way round."""
        product = tf.matmul(matrix, tf.reshape(values, (values.shape[0], -1)), transpose_a=back)
        return tf.reshape(product, (-1, *values.shape[1:]))

    def windows(values: tf.Tensor) -> tf.Tensor:
        padded = tf.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return transformed(of_input, tf.gather(tf.reshape(padded, (-1, values.shape[-1])), places))

    def convolved(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Transformed windows (36, tiles, C) and a kernel -> (N, H, W, F)."""
        kernels = transformed(of_kernel, tf.reshape(kernel, (9, *kernel.shape[2:])))
        made = transformed(of_output, tf.matmul(inputs, kernels))
        tiles = tf.reshape(made, (TILE, TILE, count, down, across, -1))
        return tf.reshape(tf.transpose(tiles, (2, 3, 0, 4, 1, 5)), (count, rows, columns, -1))

    @tf.custom_gradient
    def convolve(values: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        inputs = windows(values)

        def gradient(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            turned = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))
            tiles = tf.transpose(tf.reshape(seed, (count, down, TILE, across, TILE, -1)), (2, 4, 0, 1, 3, 5))
            tiles = tf.reshape(tiles, (TILE * TILE, -1, seed.shape[-1]))
            products = tf.matmul(inputs, transformed(of_output, tiles, back=True), transpose_a=True)
            to_kernel = tf.reshape(transformed(of_kernel, products, back=True), kernel.shape)
            return convolved(windows(seed), turned), to_kernel

        return convolved(inputs, kernel), gradient

    return convolve


def training_step(convolve: Convolve, shape: tuple[int, int, int]) -> Callable[[], tf.Tensor]:
    """All layers one after the other, and back to every kernel."""
    import tensorflow as tf

    values = tf.random.stateless_normal((*shape, CHANNELS), seed=(1, 2))
    kernels = tf.random.stateless_normal((LAYERS, 3, 3, CHANNELS, CHANNELS), seed=(3, 4), stddev=0.04)

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(kernels)
            made = values
            for kernel in tf.unstack(kernels):
                made = convolve(made, kernel)
        return tape.gradient(made, kernels, output_gradients=values)

    return step


if __name__ == "__main__":
    main()
