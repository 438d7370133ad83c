"""Program: python -m components.validate."""

from __future__ import annotations

import sys

from cbvsynth.config import ValidateConfig
from cbvsynth.entrypoint import run_program


def _run(config: ValidateConfig) -> object:
    from components.validate.step import run

    return run(config)


if __name__ == "__main__":
    sys.exit(run_program(ValidateConfig, _run, "python -m components.validate"))
