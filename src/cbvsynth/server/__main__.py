"""The program `cbvsynth-server`; TensorFlow is imported once the flags are read."""

from __future__ import annotations

import sys

from cbvsynth.entrypoint import run_guarded
from cbvsynth.server.flags import parse_flags


def main() -> int:
    """Serve until a signal says stop; return the exit code."""
    return run_guarded(_serve, extras=["serve"])


def _serve() -> None:
    options = parse_flags(sys.argv[1:])
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        from cbvsynth.server.program import serve, start_tensorflow

        start_tensorflow(options)
    serve(options)


if __name__ == "__main__":
    sys.exit(main())
