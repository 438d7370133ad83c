"""The edge of a task: what it prints, and how an error that people can act on ends it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from cbvsynth.entrypoint import run_guarded

TERMINATION_LOG = Path("/dev/termination-log")
"""What a container leaves in this file is the message of its end."""
_MOST_BYTES = 4096
"""Kubernetes keeps no more."""
Given = ParamSpec("Given")
Result = TypeVar("Result")


def guarded(task: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """Call a task and return its result, or end the process with one message and the exit code of its error.

    Kubernetes keeps the message with the pod, where the graph and `kubectl describe` show it. Kubeflow's
    executor turns on the logging of every library; only warnings are let through, so that a
    task's log shows what the task has to say.
    """
    results: list[Result] = []
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    try:
        code = run_guarded(lambda: results.append(task(*arguments, **named)), on_error=leave_reason)
    finally:
        root.setLevel(level)
    if code:
        raise SystemExit(code)
    return results[0]


def leave_reason(message: str, log: Path = TERMINATION_LOG) -> None:
    """Leave the reason why a container ended where Kubernetes reads it; nowhere outside of one."""
    if log.is_file() and os.access(log, os.W_OK):
        log.write_bytes(message.encode()[:_MOST_BYTES])


class DeferredOutput:
    """Output that is held back until the final folder of the files that it mentions is known."""

    def __init__(self, folder: Path) -> None:
        self.final_folder = folder


@contextmanager
def deferred_output(folder: Path) -> Iterator[DeferredOutput]:
    """Hold back what the block prints; print it at the end with `final_folder` in place of `folder`."""
    output = DeferredOutput(folder)
    held_back = StringIO()
    try:
        with redirect_stdout(held_back):
            yield output
    finally:
        print(held_back.getvalue().replace(str(folder), str(output.final_folder)), end="")
