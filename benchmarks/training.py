"""How fast one training step is, formulation by formulation, and what starting a run costs.

python benchmarks/training.py [--sizes 64x64x8 128x128x12] [--repeats 7] [--torch_python PYTHON]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as every program does: decision 0084
if "TF_NUM_INTRAOP_THREADS" in os.environ:  # operations beside each other are threads as well
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", os.environ["TF_NUM_INTRAOP_THREADS"])

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from cbvsynth.training.steps import Learner

GIGA = 1e9
LEARNING_RATE = 1e-3

Action = Callable[[], object]


@dataclass(frozen=True)
class Sized:
    """What is timed: examinations of one size."""

    size: tuple[int, int, int]
    channels: int
    repeats: int


def main(
    sizes: tuple[str, ...] = ("64x64x8", "128x128x12"),
    channels: int = 3,
    repeats: int = 7,
    torch_python: str = "",
) -> None:
    """Time one training step of the paper's networks in every formulation, side by side.

    All formulations compute the same function from the same weights; this is checked before they are
    timed. A cell is the median over the repeats; they take turns, so that a busy moment of the machine
    hits all of them. Read the ratios: seconds and GFLOP/s belong to this machine. "CPU s" adds up all
    threads of this program and is what to read on a machine that others use too. A GFLOP/s figure
    counts the convolutions' multiplications and additions of a step (forward, and twice that
    backward), which is nearly all of its arithmetic. TF_NUM_INTRAOP_THREADS sets the threads, of both
    libraries. bfloat16 rows are left out on a processor that only emulates it. PyTorch's rows come from
    `training_torch.py` after the others, in a process and an environment of its own.

    Args:
        sizes: matrix sizes of an examination, HxWxD.
        channels: input sequences.
        repeats: timed steps of each formulation.
        torch_python: a Python that has PyTorch, to time it as well.
    """
    start = time.perf_counter()
    import keras
    import tensorflow as tf

    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {_thread_count()} threads")
    print(f"import of TensorFlow: {time.perf_counter() - start:.1f} s")
    _report_starts(channels)
    for text in sizes:
        rows, columns, slices = (int(part) for part in text.lower().split("x"))
        _report_steps(Sized((rows, columns, slices), channels, repeats), torch_python)


def _thread_count() -> int:
    return int(os.environ.get("TF_NUM_INTRAOP_THREADS", os.cpu_count() or 1))


def _report_starts(channels: int) -> None:
    print("\nbefore the first step, at 64x64x8               build s   trace s   first step s")
    for name, build in (
        ("encoder-decoder", partial(_encoder_decoder, channels)),
        ("GAN, shared update", partial(_gan, channels, "shared")),
        ("GAN, alternating", partial(_gan, channels, "alternating")),
    ):
        start = time.perf_counter()
        step = build()
        built = time.perf_counter()
        step.get_concrete_function()
        traced = time.perf_counter()
        step(*_example((64, 64, 8), channels))
        ended = time.perf_counter()
        print(f"  {name:<44}{built - start:>9.2f} {traced - built:>9.2f} {ended - traced:>14.2f}")


def _report_steps(sized: Sized, torch_python: str) -> None:
    from cbvsynth.training.hardware import bfloat16_is_emulated

    _check_agreement(sized)
    actions, skipped = _actions(sized), []
    if bfloat16_is_emulated():
        skipped.append("bfloat16: this processor only emulates it")
        actions = {name: action for name, action in actions.items() if "bfloat16" not in name}
    times = _median_times(actions, sized.repeats)
    if torch_python:
        times |= _torch_times(sized, torch_python)
    else:
        skipped.append("PyTorch: give --torch_python")
    literal = next(iter(times.values()))
    print(f"\n{'x'.join(map(str, sized.size))}, {sized.channels} sequences, median of {sized.repeats} steps")
    print(f"  {'':<48}{'s':>9}{'CPU s':>9}{'GFLOP/s':>9}   times as fast as the first row (CPU s)")
    for name, (wall, cpu) in times.items():
        rate = _step_flops(sized, name) / wall / GIGA
        ratio = f"{literal[0] / wall:>6.1f} ({literal[1] / cpu:.1f})" if name.startswith("encoder") else ""
        print(f"  {name:<48}{wall:>9.4f}{cpu:>9.4f}{rate:>9.0f}   {ratio}")
    print("".join(f"  {reason}: skipped\n" for reason in skipped), end="")


def _actions(sized: Sized) -> dict[str, Action]:
    """Each formulation's step; the first is the one that the others are compared with."""
    tensors, channels = _example(sized.size, sized.channels), sized.channels
    steps = {
        "encoder-decoder: 3-D convolutions, eager": _literal_step(channels, traced=False),
        "encoder-decoder: 3-D convolutions, tf.function": _literal_step(channels, traced=True),
        "encoder-decoder: folded, fused (ours)": _encoder_decoder(channels),
        "encoder-decoder: the same, bfloat16": _encoder_decoder(channels, "mixed_bfloat16"),
        "GAN: alternating, folded, fused": _gan(channels, "alternating"),
        "GAN: shared, folded, fused (ours)": _gan(channels, "shared"),
        "GAN: the same, bfloat16": _gan(channels, "shared", "mixed_bfloat16"),
    }
    return {name: partial(step, *tensors) for name, step in steps.items()}


def _median_times(actions: dict[str, Action], repeats: int) -> dict[str, tuple[float, float]]:
    """Median wall-clock and CPU seconds of each action, after one untimed round."""
    from tqdm import tqdm

    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for repeat in tqdm(range(-1, repeats), desc="rounds", leave=False, disable=None):
        for name, action in actions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            action()
            if repeat >= 0:
                taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (median(wall for wall, _ in pairs), median(cpu for _, cpu in pairs))
        for name, pairs in taken.items()
    }


def _example(size: tuple[int, int, int], channels: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    inputs, target = rng.random((*size, channels), np.float32), rng.random(size, np.float32)
    return tf.constant(inputs), tf.constant(target), tf.ones(size)


def _generator(channels: int, precision: str = "float32") -> Learner:
    from cbvsynth.domain.options import Precision
    from cbvsynth.models.generator import GeneratorOptions, build_generator

    return _learner(build_generator(channels, GeneratorOptions(precision=Precision(precision)), seed=1))


def _learner(network: keras.Model) -> Learner:
    from cbvsynth.training.adam import Adam
    from cbvsynth.training.steps import Learner

    return Learner(network, Adam(network.trainable_variables, LEARNING_RATE))


def _encoder_decoder(channels: int, precision: str = "float32") -> tf.types.experimental.PolymorphicFunction:
    from cbvsynth.training.steps import encoder_decoder_step

    return encoder_decoder_step(_generator(channels, precision))


def _gan(channels: int, update: str, precision: str = "float32") -> tf.types.experimental.PolymorphicFunction:
    from cbvsynth.domain.options import Precision, UpdateRule
    from cbvsynth.models.discriminator import build_discriminator
    from cbvsynth.training.steps import GanWeights, gan_step

    discriminator = _learner(build_discriminator(16, Precision(precision), seed=1))
    return gan_step(_generator(channels, precision), discriminator, GanWeights(), UpdateRule(update))


def _literal_step(channels: int, *, traced: bool) -> Callable[..., object]:
    import keras
    import tensorflow as tf
    from literal_networks import synthesise_literally

    generator = _generator(channels).network
    optimiser = keras.optimizers.Adam(LEARNING_RATE)
    optimiser.build(generator.trainable_variables)

    def step(inputs: tf.Tensor, target: tf.Tensor, foreground: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            synthetic = synthesise_literally(generator, inputs[tf.newaxis])[0] * foreground
            loss = tf.reduce_mean(tf.abs(target - synthetic))
        gradients = tape.gradient(loss, [weight.value for weight in generator.trainable_variables])
        optimiser.apply(gradients, generator.trainable_variables)
        return loss

    return tf.function(step, autograph=False) if traced else step


def _check_agreement(sized: Sized) -> None:
    import numpy as np
    import tensorflow as tf
    from literal_networks import synthesise_literally

    generator = _generator(sized.channels).network
    inputs = _example(sized.size, sized.channels)[0][tf.newaxis]
    np.testing.assert_allclose(generator(inputs), synthesise_literally(generator, inputs), atol=1e-4)


def _step_flops(sized: Sized, formulation: str) -> float:
    """Multiplications and additions of a step's convolutions; backward costs twice the forward pass.

    GAN, shared: the discriminator looks at two maps, and its own gradient goes back through both
    (2 + 4 passes); the generator's gradient goes through one of them (1 pass). Alternating: one more
    pass of the generator, and two more of the discriminator.
    """
    rows, columns, slices = sized.size
    voxels = rows * columns * slices
    full, half, quarter = sized.channels * 16 + 16, 2 * 16 * 32, 2 * 32 * 64 + 12 * 64 * 64
    generator = 2 * 9 * voxels * (full + half / 4 + quarter / 16)
    if formulation.startswith("encoder-decoder"):
        return 3 * generator
    discriminator = 2 * 16 * voxels * (16 / 4 + 16 * 32 / 16 + (32 * 64 + 64 * 128 + 128) / 64)
    passes = (4, 9) if "alternating" in formulation else (3, 7)
    return passes[0] * generator + passes[1] * discriminator


def _torch_times(sized: Sized, python: str) -> dict[str, tuple[float, float]]:
    """Median wall-clock and CPU seconds of each formulation in PyTorch, by a process of its own."""
    from cbvsynth.training.hardware import bfloat16_is_emulated

    script = Path(__file__).with_name("training_torch.py")
    size = "x".join(map(str, sized.size))
    command = [python, str(script), size, str(sized.channels), str(sized.repeats), str(_thread_count())]
    command.append("float32" if bfloat16_is_emulated() else "bfloat16")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        f"encoder-decoder: PyTorch {found['version']}, {name}": (wall, cpu)
        for name, (wall, cpu) in found["times"].items()
    }


if __name__ == "__main__":
    from cbvsynth.entrypoint import run_function

    sys.exit(run_function(main, sys.argv[1:], "python benchmarks/training.py"))
