"""Fresh weights of a network, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf


@dataclass(frozen=True)
class NormalisedKernel:
    """A convolution without bias and the instance normalisation that follows it.

    A bias before a normalisation would be subtracted again: leaving it out computes the same function.
    """

    kernel: keras.Variable
    scale: keras.Variable
    offset: keras.Variable
    modulation: keras.Variable | None = None
    """(2, K, C): what each of K conditions adds to scale and offset; None where there are no conditions."""

    def affine(self, condition: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """Scale and offset of the normalisation under a condition (K,) float32.

        Source: Perez et al. 2018, "FiLM"; Dumoulin et al. 2017, conditional instance normalisation.
        """
        if self.modulation is None or condition is None:
            return self.scale, self.offset
        change = tf.reduce_sum(condition[tf.newaxis, :, tf.newaxis] * self.modulation, axis=1)
        return self.scale + change[0], self.offset + change[1]


@dataclass(frozen=True)
class BiasedKernel:
    """A convolution with a bias, where no normalisation follows."""

    kernel: keras.Variable
    bias: keras.Variable


class WeightMaker:
    """Adds weights to a model; the same seed gives the same weights on every machine.

    Kernels are drawn from a normal distribution with variance 2 / fan-in (He et al. 2015), which
    suits (leaky) rectifiers; the paper names no distribution. With `conditions`, every normalisation can be
    moved by as many numbers; at first none of them moves it.
    """

    def __init__(self, model: keras.Model, seed: int, conditions: int = 0) -> None:
        self._model = model
        self._conditions = conditions
        self._rng = np.random.default_rng(seed)

    def normalised(self, name: str, size: int, inputs: int, outputs: int) -> NormalisedKernel:
        """A size x size kernel from `inputs` to `outputs` channels with scale 1 and offset 0."""
        return NormalisedKernel(
            self._draw(f"{name}_kernel", (size, size, inputs, outputs), size * size * inputs),
            self._fill(f"{name}_scale", (outputs,), 1.0),
            self._fill(f"{name}_offset", (outputs,), 0.0),
            self._modulation(name, outputs),
        )

    def transposed(self, name: str, size: int, inputs: int, outputs: int) -> NormalisedKernel:
        """As `normalised`, for a transposed convolution of stride 2: kernel (size, size, outputs, inputs)."""
        fan_in = size * size * inputs // 4
        return NormalisedKernel(
            self._draw(f"{name}_kernel", (size, size, outputs, inputs), fan_in),
            self._fill(f"{name}_scale", (outputs,), 1.0),
            self._fill(f"{name}_offset", (outputs,), 0.0),
            self._modulation(name, outputs),
        )

    def biased(self, name: str, size: int, inputs: int, outputs: int) -> BiasedKernel:
        """A size x size kernel from `inputs` to `outputs` channels with bias 0."""
        return BiasedKernel(
            self._draw(f"{name}_kernel", (size, size, inputs, outputs), size * size * inputs),
            self._fill(f"{name}_bias", (outputs,), 0.0),
        )

    def output(self, name: str, size: int, inputs: int, start: float, gain: float) -> BiasedKernel:
        """As `biased`, to one channel, with kernels smaller by `gain` and the given first bias."""
        kernel = self._draw(f"{name}_kernel", (size, size, inputs, 1), size * size * inputs)
        kernel.assign(gain * kernel)
        return BiasedKernel(kernel, self._fill(f"{name}_bias", (1,), start))

    def _draw(self, name: str, shape: tuple[int, ...], fan_in: int) -> keras.Variable:
        values = self._rng.normal(0.0, np.sqrt(2.0 / fan_in), shape).astype(np.float32)
        return self._add(name, values)

    def _modulation(self, name: str, outputs: int) -> keras.Variable | None:
        if self._conditions == 0:
            return None
        return self._fill(f"{name}_modulation", (2, self._conditions, outputs), 0.0)

    def _fill(self, name: str, shape: tuple[int, ...], value: float) -> keras.Variable:
        return self._add(name, np.full(shape, value, np.float32))

    def _add(self, name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> keras.Variable:
        def initial(_: tuple[int, ...], dtype: str | None = None) -> object:
            return keras.ops.convert_to_tensor(values, dtype)

        return self._model.add_weight(
            name=name, shape=values.shape, dtype="float32", initializer=initial, autocast=False
        )
