"""What a run tells the outside while it trains: the ledger entry, one progress bar, TensorBoard."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import tensorflow as tf

from cbvsynth.domain.options import Switch
from cbvsynth.progress import progress_bar
from cbvsynth.records.ledger import RunState, RunStatus, write_state
from cbvsynth.training.checkpoints import EpochRecord, Progress

SECONDS_BETWEEN_STATES = 2.0
"""Often enough for somebody who watches a sweep, seldom enough for a disk that 62 models share."""


def now() -> str:
    """This moment, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Journal:
    """Reports of one model's run, into its checkpoint folder and to standard error."""

    def __init__(self, model: str, folder: Path, epochs: int, steps_per_epoch: int, board: Switch) -> None:
        self._model, self._folder, self._epochs = model, folder, epochs
        self._steps_per_epoch = steps_per_epoch
        self._written = 0.0
        self._bar = progress_bar(total=epochs * steps_per_epoch, desc=model, unit="step")
        self._board = (
            tf.summary.create_file_writer(str(folder / "tensorboard")) if board is Switch.ON else None
        )

    def stepped(self) -> None:
        """Move the bar by one step."""
        self._bar.update()

    def say(self, message: str) -> None:
        """Print one line above the bar."""
        self._bar.write(f"{self._model}: {message}")

    def begin(self, progress: Progress, message: str) -> None:
        """A run begins, continues, or starts afresh."""
        if message:
            self.say(message)
        begun = progress.partial.steps if progress.partial else 0
        self._bar.initial = self._bar.n = progress.epoch * self._steps_per_epoch + begun
        self._bar.last_print_n = self._bar.n
        self.state(RunStatus.RUNNING, progress, message)

    def epoch(self, progress: Progress) -> None:
        """An epoch has ended."""
        record = progress.history[-1]
        losses = {name: f"{loss:.4f}" for name, loss in record.losses.items()}
        self._bar.set_postfix({"epoch": f"{record.epoch}/{self._epochs}", **losses}, refresh=False)
        self._write_curves(record)
        if time.monotonic() - self._written >= SECONDS_BETWEEN_STATES:
            self.state(RunStatus.RUNNING, progress, "")

    def state(self, status: RunStatus, progress: Progress, message: str) -> None:
        """Write the ledger entry."""
        self._written = time.monotonic()
        write_state(
            self._folder,
            RunState(
                model=self._model,
                status=status,
                epoch=progress.epoch,
                epochs=self._epochs,
                seconds=round(progress.seconds + (progress.partial.seconds if progress.partial else 0.0), 3),
                started=progress.started,
                updated=now(),
                pid=os.getpid(),
                restarts=progress.restarts,
                message=message,
                fingerprint=progress.fingerprint,
            ),
        )

    def close(self) -> None:
        """End the bar and the curves."""
        self._bar.close()
        if self._board is not None:
            self._board.close()

    def _write_curves(self, record: EpochRecord) -> None:
        if self._board is None:
            return
        curves = {"seconds": record.seconds, **{f"loss/{name}": loss for name, loss in record.losses.items()}}
        with self._board.as_default(step=record.epoch):
            for name, value in curves.items():
                # tf.summary.scalar would need the tensorboard package, which only a viewer needs.
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=_scalar_metadata())
        self._board.flush()


def _scalar_metadata() -> object:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    return metadata
