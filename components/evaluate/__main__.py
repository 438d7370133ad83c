"""`python -m components.evaluate`."""

import sys

from cbvsynth.config import EvaluateConfig
from cbvsynth.entrypoint import run_program


def _run(config: EvaluateConfig) -> None:
    from components.evaluate.step import run

    run(config)


if __name__ == "__main__":
    sys.exit(run_program(EvaluateConfig, _run, "python -m components.evaluate"))
