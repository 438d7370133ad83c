"""A study small enough to train on in a second: CBV is a product of two smooth images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from cbvsynth.config import TrainConfig
from cbvsynth.domain.sequences import ModelId
from cbvsynth.training.data import TrainingExample
from cbvsynth.training.fit import FittedModel, fit

ENCDEC = ModelId.parse("encdec-t1-t2")
FCGAN = ModelId.parse("fcgan-t1-t2")
FLOW = ModelId.parse("flow-t1-t2")
ANY = ModelId.parse("any-t1-t2")
QUICK = TrainConfig(
    model="encdec-t1-t2", epochs=4, checkpoint_every=2, base_channels=2, residual_blocks=1, seed=11
)


@dataclass(frozen=True)
class ToyStudy:
    """Five examinations of 16 x 18 x 7 voxels with a background on every side."""

    count: int = 5
    value: float = 1.0
    """Factor of the target; NaN makes every loss NaN."""
    channels: int = 2
    """Of these the first two say what the target is."""

    def __len__(self) -> int:
        return self.count

    def load(self, index: int) -> TrainingExample:
        noise = np.random.default_rng(index).random((16, 18, 7, self.channels))
        smooth = gaussian_filter(noise, (1.5, 1.5, 0.5, 0))
        inputs = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
        foreground = np.zeros((16, 18, 7), np.float32)
        foreground[2:-2, 2:-2] = 1.0
        target = self.value * 0.6 * inputs[..., 0] * inputs[..., 1] * foreground
        return TrainingExample(inputs * foreground[..., None], target.astype(np.float32), foreground)


def train(
    folder: Path,
    model_id: ModelId = ENCDEC,
    data: ToyStudy = ToyStudy(),
    data_fingerprint: str = "data",
    **settings: object,
) -> FittedModel:
    config = replace(QUICK, model=model_id.slug, **settings)  # type: ignore[arg-type]
    return fit(model_id, config, data, folder / model_id.slug, data_fingerprint)


def weights_of(model: FittedModel) -> list[np.ndarray]:
    """Of the generator, and of the head that says how sure it is where there is one."""
    networks = [model.generator] if model.spread is None else [model.generator, model.spread]
    return [weight.value.numpy() for network in networks for weight in network.weights]


def same_weights(one: FittedModel, other: FittedModel) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights_of(one), weights_of(other), strict=True))
