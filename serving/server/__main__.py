"""The program `python -m serving.server`; TensorFlow is imported after the flags were read."""

from __future__ import annotations

import os
import sys

from cbvsynth.entrypoint import run_guarded
from serving.server.flags import parse_flags


def _serve() -> None:
    options = parse_flags(sys.argv[1:])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from serving.server.program import serve

    serve(options)


if __name__ == "__main__":
    sys.exit(run_guarded(_serve))
