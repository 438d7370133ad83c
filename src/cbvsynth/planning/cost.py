"""What a sweep costs on this machine: processor hours by the networks' arithmetic, and disk by their weights.

A training step is its convolutions' multiplications and additions, forward and twice that backward; nearly
all of its time goes there. How many of them this machine does in a second is measured: by a matrix product,
whose rate times `CONVOLUTIONS_PER_PRODUCT` was that of our networks where both were measured side by side,
or by steps of the very networks.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import FlowSolver, UpdateRule
from cbvsynth.domain.sequences import Algorithm, ModelId

CONVOLUTIONS_PER_PRODUCT = 1.8
"""Rate of a training step over that of a 768 x 768 float32 matrix product of NumPy, both in processor time.
Source: 48x48x8 to 240x240x20 on two cores without AVX-512, 1.7 to 1.9."""
_START_S = 20.0
"""Processor time of a model that is neither training nor scoring: TensorFlow's start, the first step's graph,
the export. Measured at the demo's size."""
_PRODUCT = 768
_EXPORT_BYTES = 400_000
"""An exported model without its weights: graph, golden example, scores of some dozens of examinations."""
_FLOAT_BYTES = 4
_TIME_KNOTS = 8
"""Numbers by which a flow tells its normalisations the time; the network has no import here."""


class CostFrom(StrEnum):
    """Where the seconds come from."""

    ESTIMATED = "estimated"
    MEASURED = "measured"


@dataclass(frozen=True)
class ModelWork:
    """One model's share: examinations learned from and scored, of some voxels each."""

    model: ModelId
    train_examinations: int
    held_out_examinations: int
    voxels: int


@dataclass(frozen=True)
class Cost:
    """Of a whole sweep, checks and preparation left out.

    processor_hours: of training, export and scoring, whatever the number of processors.
    hours: with all processors of this machine busy.
    disk_bytes: cached arrays, exported models and checkpoints, each stored once more by DVC.
    """

    by: CostFrom
    processor_hours: float
    hours: float
    processors: int
    disk_bytes: int


def cost_of(work: tuple[ModelWork, ...], train: TrainConfig, cached_bytes: int, by: CostFrom) -> Cost:
    """The cost of training every model on this machine.

    Args:
        work: each model's share.
        train: the settings; its model is ignored.
        cached_bytes: arrays that preprocess keeps.
        by: how this machine's speed is found out.

    Raises:
        InstallationError: TensorFlow is not installed, and a measurement was asked for.
    """
    voxels = max((one.voxels for one in work), default=0)
    rate = _measured_rate(train, voxels) if by is CostFrom.MEASURED and voxels else _product_rate()
    operations = sum(_operations(one, train) for one in work)
    processors = len(os.sched_getaffinity(0))
    hours = (operations / rate + _START_S * len(work)) / 3600
    weights = sum(_stored_bytes(one.model, train) for one in work)
    return Cost(by, hours, hours / processors, processors, 2 * cached_bytes + weights)


def step_operations(model: ModelId, train: TrainConfig, voxels: int) -> float:
    """Multiplications and additions of one training step's convolutions.

    In a shared update the discriminator looks at two maps, and its own gradient goes back through both (2 + 4
    passes), the generator's through one (1 pass). Taking turns costs a pass of the generator more, and two of
    the discriminator.
    """
    forward = 2.0 * voxels * _generator_products(model, train)
    if model.algorithm is not Algorithm.FCGAN:
        return 3 * forward
    judged = 2.0 * voxels * _discriminator_products(train.base_channels)
    generator, discriminator = (3, 7) if train.update is UpdateRule.SHARED else (4, 9)
    return generator * forward + discriminator * judged


def map_operations(model: ModelId, train: TrainConfig, voxels: int) -> float:
    """Multiplications and additions of the convolutions that make one map."""
    passes = 1
    if model.algorithm is Algorithm.FLOW:
        passes = train.flow_steps if train.flow_solver is FlowSolver.EULER else 2 * train.flow_steps - 1
    return passes * 2.0 * voxels * _generator_products(model, train)


def _operations(work: ModelWork, train: TrainConfig) -> float:
    learned = train.epochs * work.train_examinations * step_operations(work.model, train, work.voxels)
    learned /= work.model.sharers
    scored = work.held_out_examinations * map_operations(work.model, train, work.voxels)
    return learned + scored


def _generator_products(model: ModelId, train: TrainConfig) -> float:
    """Products of the generator's convolutions, for each voxel of the volume."""
    base, channels = train.base_channels, _channels(model)
    full, half = channels * base + base, 2 * base * 2 * base
    quarter = 16 * base**2 + train.residual_blocks * 2 * 16 * base**2
    return 9 * (full + half / 4 + quarter / 16)


def _channels(model: ModelId) -> int:
    """Of the network that learns; a flow sees its own half-made map beside the sequences."""
    return len(model.trained_on.sequences) + (model.algorithm is Algorithm.FLOW)


def _discriminator_products(base: int) -> float:
    return 16 * (base / 4 + 2 * base**2 / 16 + (8 * base**2 + 32 * base**2 + 8 * base) / 64)


def _stored_bytes(model: ModelId, train: TrainConfig) -> int:
    """Export, in the working folder and in DVC's cache, and checkpoint: weights and two moments of each."""
    base, channels = train.base_channels, _channels(model)
    generator = 9 * (channels * base + 20 * base**2 + train.residual_blocks * 32 * base**2 + base)
    if model.algorithm is Algorithm.FLOW:
        generator += 2 * _TIME_KNOTS * base * (10 + 8 * train.residual_blocks)
    judge = 16 * (9 * base + 42 * base**2) if model.algorithm is Algorithm.FCGAN else 0
    return 2 * (_FLOAT_BYTES * generator + _EXPORT_BYTES) + 3 * _FLOAT_BYTES * (generator + judge)


def _product_rate() -> float:
    """Operations in a second of processor time, by the median of a few matrix products."""
    import numpy as np

    matrix = np.random.default_rng(0).random((_PRODUCT, _PRODUCT), dtype=np.float32)
    seconds = []
    for _ in range(9):
        started = time.process_time()
        matrix @ matrix
        seconds.append(time.process_time() - started)
    return CONVOLUTIONS_PER_PRODUCT * 2 * _PRODUCT**3 / max(median(seconds), 1e-6)


def _measured_rate(train: TrainConfig, voxels: int) -> float:
    """The same, by the second and third step of an encoder-decoder on noise of the study's size."""
    import numpy as np

    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        from cbvsynth.training.networks import build_networks
    model = ModelId.parse("encdec-t1")
    step = build_networks(model, replace(train, model=model.slug), train.seed).step
    side = max(round((voxels / 8) ** 0.5), 4)
    volume = np.random.default_rng(0).random((side, side, 8), dtype=np.float32)
    step(volume[..., np.newaxis], volume, volume)
    started = time.process_time()
    for _ in range(2):
        step(volume[..., np.newaxis], volume, volume)
    return 2 * step_operations(model, train, volume.size) / (time.process_time() - started)
