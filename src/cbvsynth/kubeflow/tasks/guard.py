"""The border of a task: an error that people can act on ends it with one message, without a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from cbvsynth.entrypoint import run_guarded

Given = ParamSpec("Given")
Result = TypeVar("Result")


def guarded(task: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """Call a task and return its result, or end the process with the exit code of its error.

    Kubeflow's executor lets every library log; a task's log is for what the task says.
    """
    results: list[Result] = []
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    try:
        code = run_guarded(lambda: results.append(task(*arguments, **named)))
    finally:
        root.setLevel(level)
    if code:
        raise SystemExit(code)
    return results[0]


class Said:
    """Where the files lie in the end that a step has spoken of."""

    def __init__(self, folder: Path) -> None:
        self.place = folder


@contextmanager
def said_of(folder: Path) -> Iterator[Said]:
    """Hold back what is printed in the block, and print it with `folder` called by its final place."""
    said = Said(folder)
    told = StringIO()
    try:
        with redirect_stdout(told):
            yield said
    finally:
        print(told.getvalue().replace(str(folder), str(said.place)), end="")
