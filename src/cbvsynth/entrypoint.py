"""The border of every program: errors that people can act on in, one message and an exit code out."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import tyro

from cbvsynth.defaults_check import answer_at_once
from cbvsynth.errors import CbvsynthError, InstallationError, StorageError, UsageError
from cbvsynth.interruption import Terminated, terminable

# OpenBLAS starts a thread for each core when NumPy is imported, and again for SciPy; one that waits keeps its
# core busy, and the products here are small. Set at once, since NumPy may be imported next (decision 0156).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_SHORT_WRITE = -1
"""NumPy's own: the system took a part of an array only, and no number says why."""
STORAGE_CAUSES = {
    _SHORT_WRITE: ("the disk is full, or a quota or file-size limit is reached", "free some space"),
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EFBIG: ("the file would be larger than allowed", "raise the file-size limit (ulimit -f)"),
    errno.EROFS: ("the disk is read-only", "choose another folder"),
    errno.EACCES: ("permission is denied", "choose another folder or change its permissions"),
    errno.EPERM: ("permission is denied", "choose another folder or change its permissions"),
    errno.EISDIR: ("it is a folder, where a file is expected", "name a file"),
    errno.ENOTDIR: ("a file stands where a folder is expected", "name another place"),
    errno.EMFILE: ("too many files are open", "raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "close some programs"),
    errno.EBUSY: ("it is in use, as a mount point is", "name another place"),
    errno.ESTALE: ("the network disk has lost it", "mount the disk again"),
    errno.EIO: ("the disk reports an error", "look at the disk"),
    errno.EEXIST: ("something else is there already", "name another place"),
}

Plain = Annotated[tyro.conf.UseCounterAction[int], tyro.conf.arg(help_behavior_hint="")]
"""Type of a flag without a value, 0 where it is not given. tyro's own hint invites to repeat it."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "SimpleITK": "simpleitk",
    "google": "protobuf",
    "google.protobuf": "protobuf",
    "grpc": "grpcio",
    "grpc_health": "grpcio-health-checking",
    "grpc_reflection": "grpcio-reflection",
    "opentelemetry": "opentelemetry-sdk",
    "tensorflow_serving": "tensorflow-serving-api",
}
"""Modules whose package has another name than they have."""


def run_function(target: Any, arguments: Sequence[str], program: str, about: str | None = None) -> int:  # noqa: ANN401  a function, or a type
    """Parse arguments into the parameters of a function, call it, return the exit code.

    Args:
        target: The function; or a type of subcommands, one of which is called.
        arguments: Words of the command line.
        program: Its name in the help.
        about: What the help begins with; the function's docstring by default.
    """
    answer_at_once()

    def action() -> None:
        require_flags_once(arguments)
        tyro.cli(
            target,
            prog=program,
            description=about,
            args=arguments,
            use_underscores=True,
            config=(tyro.conf.FlagConversionOff, tyro.conf.EnumChoicesFromValues),
        )

    return run_guarded(action, extras=program.split())


def require_flags_once(arguments: Sequence[str]) -> None:
    """Refuse a flag that is given twice: the parser takes the last one and forgets the others.

    Raises:
        UsageError: there is one.
    """
    words = takewhile(lambda word: word != "--", arguments)
    flags = Counter(word.partition("=")[0].replace("-", "_") for word in words if word.startswith("--"))
    for flag, count in flags.items():
        if count > 1:
            name = f"--{flag[2:]}"
            raise UsageError(
                f"{name} is given {count} times; expected once, as only the last would count. Where it takes "
                f"several values, give them one after the other: {name} A B."
            )


def run_guarded(  # noqa: PLR0911  an exit each
    action: Callable[[], object],
    extras: Collection[str] = (),
    on_error: Callable[[str], object] = str,
) -> int:
    """Run an action; turn the errors that people can act on into a message and an exit code.

    0: done. 1: the data or the machine are not as needed. 2: a flag is wrong. 130: interrupted (Ctrl-C).
    143: told to stop (SIGTERM, as by a drained node).
    Errors of our own are printed as one message without a traceback; anything else is a defect and
    keeps its traceback.

    Args:
        action: What to run.
        extras: Which extra to name when a package is missing that several bring; other words are ignored.
        on_error: Is told the message as well.
    """

    def report(error: CbvsynthError) -> int:
        on_error(str(error))
        return _report(error)

    _write_any_text()
    _require_home()
    try:
        with terminable():
            action()
    except CbvsynthError as error:
        return report(error)
    except ModuleNotFoundError as error:
        missing = installation_error(error, extras)
        if missing is None:
            raise
        return report(missing)
    except KeyboardInterrupt:
        print("interrupted; start again to go on where this stopped", file=sys.stderr)
        return 130
    except Terminated as stop:
        message = "told to stop (SIGTERM); start again to go on where this stopped"
        on_error(message)
        print(message, file=sys.stderr)
        return stop.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if _cause(error) not in STORAGE_CAUSES:
            raise
        return report(storage_error(error))
    return 0


def _cause(error: OSError) -> int:
    """Number of the system's error."""
    if error.errno is None and re.fullmatch(r"\d+ requested and \d+ written", str(error)):
        return _SHORT_WRITE
    return error.errno or 0


def _write_any_text() -> None:
    """A terminal that knows only ASCII gets a sign for each other letter, not the end of the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _require_home() -> None:
    """Libraries look for the user's home when they are imported; a user who has none gets /tmp for it.

    Containers run as numbers that no passwd file knows, and without HOME.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()


def installation_error(error: ModuleNotFoundError, extras: Collection[str] = ()) -> InstallationError | None:
    """The error that names the extra which brings a missing module; None if no extra does.

    Args:
        error: What the import raised.
        extras: The extra to name if several bring the package; otherwise it is the smallest.
    """
    module = error.name or ""
    package = DISTRIBUTIONS.get(module, module.replace("_", "-"))
    held = _packages_of_extras()
    bringing = [extra for extra, packages in held.items() if package in packages]
    if not bringing:
        return None
    chosen = min(bringing, key=lambda extra: (extra not in extras, len(held[extra]), extra))
    return InstallationError(
        f"This needs {package}, which is not installed: pip install 'cbvsynth[{chosen}]'."
    )


def _packages_of_extras() -> dict[str, set[str]]:
    """Extra -> the packages it brings, by what the installation says of itself."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        requirements = requires("cbvsynth") or []
    except PackageNotFoundError:  # run from a source tree that was never installed
        return {}
    found: dict[str, set[str]] = {}
    for requirement in requirements:
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        package = re.match(r"[\w.-]+", requirement)
        if extra and package:
            found.setdefault(extra[1], set()).add(package[0].lower())
    return found


def storage_error(error: OSError) -> StorageError:
    """The storage error that says in words what the operating system refused, and where."""
    found, advice = STORAGE_CAUSES.get(_cause(error), (error.strerror or str(error), "check the folder"))
    place = f" at {error.filename}" if error.filename else ""
    return StorageError(
        f"Could not read or write{place}: {found}. Nothing half-written was left; {advice} and start again."
    )


def _report(error: CbvsynthError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code
