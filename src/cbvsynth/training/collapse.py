"""Recognising a run that has died or learned nothing, so that it can start again with another seed.

With a ReLU at the output some seeds end in a map that is zero everywhere and stays there, as no
gradient flows; with an adversarial loss a run can also drift off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np

from cbvsynth.models.flow import FlowGenerator
from cbvsynth.training.data import TrainingExample

DEAD_SPREAD_SHARE = 1e-3
"""A map is dead when its spread in the foreground is below this share of the real map's: rounding
alone reaches about 1e-6, and a living network exceeds 1e-2 after its first steps. Our choice."""

LEARNED_STEPS = 1000
"""Steps after which a run must beat the constant map; shorter runs are only asked to be alive, as a
healthy one may still be near the constant. Our choice."""


def collapse_reason(generator: keras.Model, examples: Sequence[TrainingExample], steps: int) -> str:
    """Say why a generator counts as collapsed, or '' when it does not.

    Args:
        generator: after `steps` steps.
        examples: some of those that it was trained on.
        steps: 0 to ask only whether the maps are dead.
    """
    real = [example.target[example.foreground > 0] for example in examples]
    synthetic = [_map(generator, example)[example.foreground > 0] for example in examples]
    if not all(np.isfinite(values).all() for values in synthetic):
        return "its maps are not finite"
    if all(_is_dead(values, truth) for values, truth in zip(synthetic, real, strict=True)):
        return "its maps are constant"
    truth, answer = np.concatenate(real).astype(np.float64), np.concatenate(synthetic)
    constant_error = float(np.mean(np.abs(truth - truth.mean())))
    error = float(np.mean(np.abs(truth - answer)))
    if steps >= LEARNED_STEPS and error >= constant_error:
        return (
            f"after {steps} steps its mean error {error:.4g} is no better than "
            f"a constant map's {constant_error:.4g}"
        )
    return ""


def is_diverged(losses: dict[str, float]) -> bool:
    """Whether an epoch's mean losses hold a NaN or an infinity."""
    return not all(math.isfinite(loss) for loss in losses.values())


def _map(
    generator: keras.Model, example: TrainingExample
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A flow is asked for its guess: the texture that its steps add is an error, and no collapse."""
    made = (
        generator.guess(example.inputs)
        if isinstance(generator, FlowGenerator)
        else generator(example.inputs[None])[0]
    )
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = made.numpy()
    return values


def _is_dead(synthetic: np.ndarray, real: np.ndarray) -> bool:
    if real.size == 0:
        return False
    spread = float(real.std(dtype=np.float64))
    return spread > 0 and float(synthetic.std(dtype=np.float64)) < DEAD_SPREAD_SHARE * spread
