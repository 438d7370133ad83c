"""A request with its right answer, carried by every exported model and replayed after every move.

A model that was copied, converted, or loaded on another machine must still give the same map. The
request is a made-up head: nobody's data leave with a model. No TensorFlow here, so that a client of a
server can replay it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cbvsynth.domain.sequences import Combination, Sequence
from cbvsynth.errors import ModelError
from cbvsynth.records.examinations import Float32Array

GOLDEN_FILE = "assets.extra/golden.npz"
GOLDEN_SHAPE = (1, 16, 16, 8)
WARMUP_SHAPE = (1, 16, 16, 2)
GOLDEN_SEED = 2023
TOLERANCE_SHARE = 1e-3
"""Largest deviation from the stored answer that is still the same model, as a share of cbv_max: 0.025
of 25 mL/100 g. Float32 kernels of different machines stay below a tenth of it; another model's answer
does not. Our choice."""

_SCALES = {Sequence.ADC: 1000.0, Sequence.ASL: 60.0}
_INPUT = "input_"
_REPLY = "reply"
_TOLERANCE = "tolerance"

Predict = Callable[[Mapping[str, Float32Array]], Float32Array]
"""By name, (B, H, W, D) raw intensities -> (B, H, W, D) CBV in the model's target unit."""


@dataclass(frozen=True)
class GoldenPair:
    """Inputs by name and their answer, all (B, H, W, D) float32; `tolerance` in the answer's unit."""

    inputs: Mapping[str, Float32Array]
    reply: Float32Array
    tolerance: float


def made_up_inputs(
    combination: Combination, shape: tuple[int, int, int, int] = GOLDEN_SHAPE
) -> dict[str, Float32Array]:
    """An ellipsoid head with layers and noise, the same every time it is made.

    Args:
        combination: sequences to make.
        shape: (B, H, W, D).

    Returns:
        By name, (B, H, W, D) float32: ADC in 1e-6 mm2/s, ASL in mL/100 g/min, the others in arbitrary units,
        background 0.
    """
    rng = np.random.default_rng(GOLDEN_SEED)
    axes = [np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1) for size in shape[1:]]
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))
    inputs = {}
    for sequence in Sequence:  # all are drawn, so that a sequence is the same in every combination
        texture = rng.uniform(0.8, 1.2, shape)
        level = rng.uniform(0.5, 1.0) + 0.4 * np.cos(3.0 * radius + rng.uniform(0.0, 3.0))
        scale = _SCALES.get(sequence, 300.0)
        offset = 0.0 if sequence is Sequence.ASL else 50.0
        inputs[sequence] = np.where(radius < 1.2, scale * level * texture + offset, 0.0).astype(np.float32)
    return {sequence.value: inputs[sequence] for sequence in combination.sequences}


def write_golden(folder: Path, combination: Combination, predict: Predict, cbv_max: float) -> None:
    """Store made-up inputs and the model's answer in the SavedModel of a folder."""
    inputs = made_up_inputs(combination)
    path = folder / GOLDEN_FILE
    path.parent.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {f"{_INPUT}{name}": array for name, array in inputs.items()}
    arrays |= {_REPLY: predict(inputs), _TOLERANCE: np.float64(TOLERANCE_SHARE * cbv_max)}
    np.savez(path, **arrays)


def read_golden(folder: Path) -> GoldenPair:
    """The request and the answer that an exported model carries.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        with np.load(folder / GOLDEN_FILE, allow_pickle=False) as stored:
            inputs = {
                name.removeprefix(_INPUT): stored[name] for name in stored.files if name.startswith(_INPUT)
            }
            return GoldenPair(inputs, stored[_REPLY], float(stored[_TOLERANCE]))
    except (FileNotFoundError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{folder.name}: {GOLDEN_FILE} is missing or damaged; expected the request and answer written "
            "at export. Copy or export the model again."
        ) from error


def require_golden(folder: Path, predict: Predict) -> float:
    """Replay the golden request and return the largest deviation from the stored answer, in its unit.

    Raises:
        ModelError: the pair is missing, or the answers differ by more than the tolerance.
    """
    pair = read_golden(folder)
    found = predict(pair.inputs)
    if found.shape != pair.reply.shape:
        raise ModelError(
            f"{folder.name}: the golden request is answered with shape {found.shape}, expected "
            f"{pair.reply.shape}. This is not the model that was exported; copy it again."
        )
    deviation = float(np.max(np.abs(found.astype(np.float64) - pair.reply)))
    if not deviation <= pair.tolerance:
        raise ModelError(
            f"{folder.name}: the golden request is answered with a deviation of {deviation:.4g}, expected "
            f"at most {pair.tolerance:.4g}. This is not the model that was exported; copy it again."
        )
    return deviation
