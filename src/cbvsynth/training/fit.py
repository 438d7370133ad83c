"""Training one model: epochs, checkpoints, resumption, restarts after a collapse.

A run that was killed goes on from its last checkpoint and ends with the same weights, bit by bit, as
one that was not (same machine, same number of threads): the order of examinations follows from the
seed and the epoch, and a checkpoint holds everything that a step changes. A run that is told to stop
finishes its step, stores a checkpoint, and leaves the rest to the next call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from cbvsynth.config import TrainConfig
from cbvsynth.domain.options import Precision
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.wording import counted
from cbvsynth.errors import TrainingError
from cbvsynth.interruption import stop_deferred
from cbvsynth.records.ledger import RunStatus
from cbvsynth.training.checkpoints import (
    EpochRecord,
    PartialEpoch,
    Progress,
    read_arrays,
    read_progress,
    write_checkpoint,
)
from cbvsynth.training.collapse import collapse_reason, is_diverged
from cbvsynth.training.data import TrainingData
from cbvsynth.training.fingerprint import fingerprint_of
from cbvsynth.training.hardware import bfloat16_is_emulated
from cbvsynth.training.journal import Journal, now
from cbvsynth.training.networks import Networks, build_networks
from cbvsynth.training.prefetch import prefetched

PROBES = 4
"""Training examinations looked at to see whether a run has collapsed."""

FIRST_LOOK_SHARE = 0.1
FIRST_LOOK_EPOCH = 3
"""A run is looked at for the first time after a tenth of its epochs, not before the third."""


SECONDS_BETWEEN_CHECKPOINTS = 180.0
"""However long an epoch takes, a kill costs no more than this and a step. Chosen here: a checkpoint of the
paper's networks is written in a small part of it."""


@dataclass(frozen=True)
class FittedModel:
    """A trained generator and how it came about."""

    generator: keras.Model
    history: tuple[EpochRecord, ...]
    """Every epoch with the seed that was used, including those of resumed runs."""
    restarts: int
    seed_used: int
    steps: int
    seconds: float
    """Time spent training, over all restarts and resumptions."""
    parameters: int
    """Weights of the generator."""
    resumed_from: int
    """Epoch of the checkpoint that this call went on from; 0 for a fresh start."""
    spread: keras.Model | None = None
    """The head that says how far off the map is, where one was trained."""


def fit(
    model_id: ModelId, config: TrainConfig, data: TrainingData, folder: Path, data_fingerprint: str
) -> FittedModel:
    """Train a model, or finish the training that `folder` holds.

    Training goes on from a stored run that has the same fingerprint (model, data, settings with an
    effect, version of the training code); one that already has all its epochs is returned at once.

    Raises:
        TrainingError: there are no examinations, every seed collapsed, or the checkpoint is damaged.
        Terminated, KeyboardInterrupt: told to stop; the checkpoint holds every step that was done.
    """
    _check(model_id, data)
    progress, message = _starting_point(config, folder, fingerprint_of(model_id, config, data_fingerprint))
    networks = build_networks(model_id, config, progress.seed, len(data))
    resumed_from = progress.epoch
    if progress.epoch or progress.partial:
        networks.restore(read_arrays(folder, networks.arrays()))
    run = _Run(model_id, config, data, folder, networks, progress)
    with stop_deferred() as stop_asked, _journal(run) as journal:
        run.stop_asked = stop_asked
        if config.precision is Precision.MIXED_BFLOAT16 and bfloat16_is_emulated():
            journal.say("this processor only emulates bfloat16, about 30 times slower than float32")
        journal.begin(progress, message)
        if progress.epoch == config.epochs and (reason := _look(run)):  # stored by a run of more epochs
            _restart(run, journal, reason)
        while run.progress.epoch < config.epochs:
            _one_epoch(run, journal)
        journal.state(RunStatus.DONE, run.progress, message if resumed_from == config.epochs else "")
    final = run.progress
    return FittedModel(
        generator=run.networks.generator,
        history=final.history,
        restarts=final.restarts,
        seed_used=final.seed,
        steps=final.epoch * len(data),
        seconds=final.seconds,
        parameters=run.networks.generator.count_params(),
        resumed_from=resumed_from,
        spread=run.networks.spread,
    )


def epoch_order(seed: int, epoch: int, count: int) -> list[int]:
    """Order of examinations in an epoch (the first is 1): a permutation that needs no state."""
    return [int(index) for index in np.random.default_rng((seed, epoch)).permutation(count)]


@dataclass
class _Run:
    model_id: ModelId
    config: TrainConfig
    data: TrainingData
    folder: Path
    networks: Networks
    progress: Progress
    stop_asked: Callable[[], BaseException | None] = lambda: None
    stored: float = field(default_factory=time.monotonic)
    """When the last checkpoint was written, or training began."""

    def store(self) -> None:
        """Write a checkpoint of now."""
        write_checkpoint(self.folder, self.progress, self.networks.arrays())
        self.stored = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last checkpoint is long ago, or the run was told to stop."""
        return self.stop_asked() is not None or (
            time.monotonic() - self.stored >= SECONDS_BETWEEN_CHECKPOINTS
        )

    def stop_if_asked(self, journal: Journal) -> None:
        """Leave, told to stop, with what is done stored."""
        if stop := self.stop_asked():
            journal.state(RunStatus.STOPPED, self.progress, "told to stop; goes on from here")
            raise stop


@contextmanager
def _journal(run: _Run) -> Iterator[Journal]:
    journal = Journal(run.model_id.slug, run.folder, run.config.epochs, len(run.data), run.config.tensorboard)
    try:
        yield journal
    except Exception as error:
        with suppress(OSError):  # a full disk must not hide why the run failed
            journal.state(RunStatus.FAILED, run.progress, str(error))
        raise
    finally:
        journal.close()


def _check(model_id: ModelId, data: TrainingData) -> None:
    if len(data) == 0:
        raise TrainingError(
            f"{model_id}: no training examination has all of {model_id.combination.label} and a CBV map. "
            "Choose another model, or add examinations and run preprocess again."
        )


def _starting_point(config: TrainConfig, folder: Path, fingerprint: str) -> tuple[Progress, str]:
    fresh = Progress(fingerprint, 0, config.seed, 0, 0.0, now(), ())
    stored = read_progress(folder)
    if stored is None:
        return fresh, ""
    if stored.fingerprint != fingerprint:
        return fresh, "data or settings differ from the stored run's; training from the start"
    if stored.epoch > config.epochs or (stored.epoch == config.epochs and stored.partial):
        more = " and a part of the next" if stored.partial else ""
        return fresh, (
            f"the stored run has {counted(stored.epoch, 'epoch')}{more}, {config.epochs} asked for; "
            "training from the start"
        )
    if stored.epoch == config.epochs:
        return stored, f"already trained for {stored.epoch} epochs"
    if stored.partial:
        return stored, f"going on after step {stored.partial.steps} of epoch {stored.epoch + 1}"
    return stored, f"going on after epoch {stored.epoch}" if stored.epoch else ""


def _one_epoch(run: _Run, journal: Journal) -> None:
    """Train one epoch; look at the result; store it, or start again with the next seed."""
    config = run.config
    record = _train_epoch(run, journal)
    run.progress = replace(
        run.progress,
        epoch=record.epoch,
        seconds=run.progress.seconds + record.seconds,
        history=(*run.progress.history, record),
        partial=None,
    )
    reason = "its loss is not finite" if is_diverged(record.losses) else _look(run)
    if reason:
        _restart(run, journal, reason)
        return
    if record.epoch % config.checkpoint_every == 0 or record.epoch == config.epochs or run.is_due():
        run.store()
    journal.epoch(run.progress)
    run.stop_if_asked(journal)


def _train_epoch(run: _Run, journal: Journal) -> EpochRecord:
    epoch = run.progress.epoch + 1
    order = epoch_order(run.progress.seed, epoch, len(run.data))
    done = run.progress.partial or PartialEpoch(0, {}, 0.0)
    started = time.perf_counter() - done.seconds

    def load(index: int) -> tuple[tf.Tensor, ...]:
        return tuple(tf.constant(part) for part in run.data.load(index).parts)

    sums = {name: tf.constant(total, tf.float32) for name, total in done.sums.items()}
    for step, tensors in enumerate(prefetched(load, order[done.steps :]), done.steps + 1):
        for name, loss in run.networks.step(*tensors).items():
            sums[name] = sums[name] + loss if name in sums else loss
        journal.stepped()
        if step < len(order) and run.is_due():
            totals = {name: float(total) for name, total in sums.items()}
            partial = PartialEpoch(step, totals, time.perf_counter() - started)
            run.progress = replace(run.progress, partial=partial)
            run.store()
            run.stop_if_asked(journal)
    losses = {name: float(total) / len(order) for name, total in sums.items()}
    return EpochRecord(epoch, losses, time.perf_counter() - started)


def _look(run: _Run) -> str:
    """Reason why the run counts as collapsed after this epoch, or ''."""
    epoch, epochs = run.progress.epoch, run.config.epochs
    first_look = max(FIRST_LOOK_EPOCH, math.ceil(FIRST_LOOK_SHARE * epochs))
    if epoch not in (first_look, epochs):
        return ""
    probes = np.unique(np.linspace(0, len(run.data) - 1, PROBES).round().astype(int))
    examples = [run.data.load(int(index)) for index in probes]
    return collapse_reason(run.networks.generator, examples, epoch * len(run.data) if epoch == epochs else 0)


def _restart(run: _Run, journal: Journal, reason: str) -> None:
    progress = run.progress
    if progress.restarts >= run.config.max_restarts:
        raise TrainingError(
            f"{run.model_id}: seed {progress.seed} collapsed in epoch {progress.epoch}: {reason}. This was "
            f"attempt {progress.restarts + 1}, and --max_restarts allows "
            f"{counted(run.config.max_restarts, 'restart')}. "
            "Lower --learning_rate, or choose --output_activation softplus."
        )
    run.progress = replace(
        progress, epoch=0, seed=progress.seed + 1, restarts=progress.restarts + 1, history=()
    )
    run.networks = build_networks(run.model_id, run.config, run.progress.seed, len(run.data))
    run.store()
    journal.begin(
        run.progress,
        f"seed {progress.seed} collapsed in epoch {progress.epoch} ({reason}); "
        f"starting again with seed {run.progress.seed}",
    )
