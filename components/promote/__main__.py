"""`python -m components.promote`."""

import sys

from cbvsynth.config import PromoteConfig
from cbvsynth.entrypoint import run_program


def _run(config: PromoteConfig) -> None:
    from components.promote.step import run

    run(config)


if __name__ == "__main__":
    sys.exit(run_program(PromoteConfig, _run, "python -m components.promote"))
