"""From a step's dataclass to its program: flags in, exit code out."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from cbvsynth.errors import CbvsynthError, StorageError

Config = TypeVar("Config")
Result = TypeVar("Result")

_STORAGE_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EFBIG: ("the file would be larger than allowed", "raise the file-size limit (ulimit -f)"),
    errno.EROFS: ("the disk is read-only", "choose another folder"),
    errno.EACCES: ("permission is denied", "choose another folder or change its permissions"),
    errno.EPERM: ("permission is denied", "choose another folder or change its permissions"),
}


def run_program(config_class: type[Config], step: Callable[[Config], object], program: str) -> int:
    """Parse the command line into a step's config, run the step, return the exit code."""
    return run_guarded(lambda: step(_parse(config_class, None, program)))


def run_function(function: Callable[..., object], arguments: Sequence[str], program: str) -> int:
    """Parse arguments into the parameters of a function, call it, return the exit code."""
    return run_guarded(lambda: _parse(function, arguments, program))


def _parse(target: Callable[..., Result], arguments: Sequence[str] | None, program: str) -> Result:
    import tyro

    return tyro.cli(
        target,
        prog=program,
        args=arguments,
        use_underscores=True,
        config=(tyro.conf.FlagConversionOff, tyro.conf.EnumChoicesFromValues),
    )


def run_guarded(action: Callable[[], object]) -> int:
    """Run an action; turn the errors that people can act on into a message and an exit code.

    0: done. 1: the data or the machine are not as needed. 2: a flag is wrong. 130: interrupted.
    Errors of our own are printed as one message without a traceback; anything else is a defect and
    keeps its traceback.
    """
    try:
        action()
    except CbvsynthError as error:
        return _report(error)
    except KeyboardInterrupt:
        print("interrupted; start again to go on where this stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in _STORAGE_CAUSES:
            raise
        return _report(storage_error(error))
    return 0


def storage_error(error: OSError) -> StorageError:
    """The storage error that says in words what the operating system refused, and where."""
    found, advice = _STORAGE_CAUSES.get(error.errno or 0, (error.strerror or str(error), "check the folder"))
    place = f" at {error.filename}" if error.filename else ""
    return StorageError(
        f"Could not write{place}: {found}. Nothing half-written was left; {advice} and start again."
    )


def _report(error: CbvsynthError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code
