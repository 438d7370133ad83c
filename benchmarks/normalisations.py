"""Instance normalisation with ReLU, forward and backward, written in several ways.

    python benchmarks/normalisations.py [--size 64x64x8] [--repeats 15]

`fused` is what the networks use (`cbvsynth.models.layers.normalise_instance`). The others are the same
function: by products with a row of ones and a gradient written by hand, by `tf.nn.moments` with TensorFlow's
own gradient, and that compiled by XLA. CPU milliseconds of one thread for one of a chain of six, median of
rounds that take turns, and as a multiple of the fused one's; and by how much the gradient differs from its.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

if TYPE_CHECKING:
    import tensorflow as tf

    Norm = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]

BASE = 16
CHAIN = 6


def main() -> None:
    """Time them on the three levels of the network, and print a line a level."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="64x64x8")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    rows, columns, slices = (int(part) for part in arguments.size.lower().split("x"))
    forms = _forms()
    for step in (1, 2, 4):
        shape = (slices, -(-rows // step), -(-columns // step), BASE * step)
        chains = {form: _chain(norm, shape) for form, norm in forms.items()}
        usual = chains["fused"]()
        taken: dict[str, list[float]] = {form: [] for form in chains}
        for _ in range(arguments.repeats):
            for form, chain in chains.items():
                begin = time.process_time()
                chain()
                taken[form].append((time.process_time() - begin) / CHAIN)
        base_s = median(taken["fused"])
        print("x".join(map(str, shape)))
        for form, times in taken.items():
            apart = float(abs(chains[form]() - usual).numpy().max())
            print(f"  {form:<16}{1e3 * median(times):8.2f} ms{median(times) / base_s:8.2f} x{apart:12.1e}")


def _forms() -> dict[str, Norm]:
    import tensorflow as tf

    from cbvsynth.models.layers import NORM_EPSILON, normalise_instance

    @tf.custom_gradient
    def by_products(values: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(values, (-1, values.shape[-1]))
        ones = tf.ones((1, flat.shape[0]))
        share = 1.0 / flat.shape[0]
        centred = flat - share * (ones @ flat)
        inverse = tf.math.rsqrt(share * (ones @ (centred * centred)) + NORM_EPSILON)

        def gradient(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            seeds = tf.reshape(seed, flat.shape)
            to_offset, to_scale = ones @ seeds, inverse * (ones @ (seeds * centred))
            rest = seeds - share * (to_offset + centred * inverse * to_scale)
            return tf.reshape(rest * inverse * scale, values.shape), to_scale[0], to_offset[0]

        return tf.reshape(centred * inverse * scale + offset, values.shape), gradient

    def by_moments(values: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
        mean, variance = tf.nn.moments(values, (0, 1, 2))
        factor = scale * tf.math.rsqrt(variance + NORM_EPSILON)
        return values * factor + (offset - mean * factor)

    return {
        "fused": normalise_instance,
        "by products": by_products,
        "by moments": by_moments,
        "by XLA": tf.function(by_moments, jit_compile=True),
    }


def _chain(norm: Norm, shape: tuple[int, ...]) -> Callable[[], tf.Tensor]:
    """A chain of them, forward, and backward to what goes in and to all scales and offsets."""
    import tensorflow as tf

    values = tf.random.stateless_normal(shape, seed=(1, 2))
    scales, offsets = tf.ones((CHAIN, shape[-1])), tf.zeros((CHAIN, shape[-1]))

    @tf.function(autograph=False)
    def run() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch((values, scales, offsets))
            made = values
            for number in range(CHAIN):
                made = tf.nn.relu(norm(made, scales[number], offsets[number]))
        to_values, to_scales, to_offsets = tape.gradient(
            made, (values, scales, offsets), output_gradients=values
        )
        with tf.control_dependencies((to_scales, to_offsets)):
            return tf.identity(to_values)

    return run


if __name__ == "__main__":
    main()
