"""Program of the step: `python -m components.train --help`."""

from __future__ import annotations

import sys

from cbvsynth.config import TrainConfig
from cbvsynth.entrypoint import run_program


def run_step(config: TrainConfig) -> None:
    """Import the step only when it runs: help must appear at once."""
    from components.train.step import run

    run(config)


if __name__ == "__main__":
    sys.exit(run_program(TrainConfig, run_step, "python -m components.train"))
