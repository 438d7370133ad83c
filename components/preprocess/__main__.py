"""Program of the step: `python -m components.preprocess --help`."""

from __future__ import annotations

import sys

from cbvsynth.config import PreprocessConfig
from cbvsynth.entrypoint import run_program


def run_step(config: PreprocessConfig) -> None:
    """Import the step only when it runs: help must appear at once."""
    from components.preprocess.step import run

    run(config)


if __name__ == "__main__":
    sys.exit(run_program(PreprocessConfig, run_step, "python -m components.preprocess"))
