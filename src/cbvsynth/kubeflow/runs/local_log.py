"""Sorting what Kubeflow's local runner prints: what tasks say goes to the screen, everything to a file."""

from __future__ import annotations

import io
import re
import sys
import time
from typing import TextIO

# \S* skips the escape codes with which the runner colours names and states.
_STARTED = re.compile(r"Executing task \S*'([^']+)'")
_FINISHED = re.compile(r"Task \S*'([^']+)'\S* finished with status \S*?(SUCCESS|FAILURE)")
_RUNNER = re.compile(r"\d\d:\d\d:\d\d\.\d{3} - [A-Z]+ - ")
_EXECUTOR = "[KFP Executor"
_INDENT = "    "


class LocalLog(io.TextIOBase):
    """A text stream: all of it goes to `file`; what tasks say, with their start and end, also to `screen`."""

    def __init__(self, file: TextIO, screen: TextIO | None = None) -> None:
        super().__init__()
        self._file = file
        self._screen = screen or sys.stdout
        self._line = ""
        self._inside_task = False
        self._inside_record = False
        self._started = 0.0

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take some text; complete lines are passed on."""
        self._file.write(text)
        self._line += text
        *lines, self._line = self._line.split("\n")
        for line in lines:
            self._sort(line)
        return len(text)

    def flush(self) -> None:
        """Flush both streams."""
        self._file.flush()
        self._screen.flush()

    def _sort(self, line: str) -> None:
        if started := _STARTED.search(line):
            self._inside_task, self._started = True, time.perf_counter()
            self._show(started[1])
        elif finished := _FINISHED.search(line):
            self._inside_task = False
            word = "done" if finished[2] == "SUCCESS" else "FAILED"
            self._show(f"{finished[1]} {word} in {time.perf_counter() - self._started:.0f} s\n")
        elif self._inside_task and not _RUNNER.match(line):
            self._task_line(line.removeprefix(_INDENT))

    def _task_line(self, line: str) -> None:
        """Show a task's line; leave out the executor's records: one line, or a line and the JSON after it."""
        if line.startswith(_EXECUTOR):
            self._inside_record = line.endswith("executor_input:")
        elif self._inside_record:
            self._inside_record = line != "}"
        elif line.strip():
            self._show(f"  {line}")

    def _show(self, line: str) -> None:
        self._screen.write(line + "\n")
        self._screen.flush()
