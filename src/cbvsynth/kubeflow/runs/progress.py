"""How far a run on a Kubeflow host has got."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TextIO

from cbvsynth.errors import PipelineError
from cbvsynth.kubeflow.runs.host import Host, api_errors

ENDED = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
_GRAPHS = ("root", "for-loop", "condition", "every-model", "gate-")
"""Beginnings of the names of nodes that the host lists as tasks, but that only group tasks."""


@dataclass(frozen=True)
class Task:
    """One task of a run, by the name that the UI shows."""

    name: str
    state: str
    message: str


@dataclass(frozen=True)
class Progress:
    """State of a run, and of the tasks that it has started so far."""

    run_id: str
    title: str
    state: str
    message: str
    tasks: tuple[Task, ...]

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.state in ENDED

    @property
    def line(self) -> str:
        """The run in one line."""
        counts = Counter(task.state for task in self.tasks)
        summary = ", ".join(f"{count} {state.lower()}" for state, count in sorted(counts.items()))
        return f"{self.title}: {self.state.lower()}{f' ({summary})' if summary else ''}"


def read_progress(host: Host, run_id: str) -> Progress:
    """Ask the host about a run.

    Raises:
        PipelineError: the host does not know the run, refused, or was not reached.
    """
    with api_errors(host.url):
        run = host.client.get_run(run_id)
    details = run.run_details.task_details if run.run_details else []
    return Progress(
        run_id=run_id,
        title=str(run.display_name),
        state=str(run.state or "PENDING"),
        message=str(run.error.message or "") if run.error else "",
        tasks=tuple(
            Task(
                str(task.display_name),
                str(task.state or "PENDING"),
                str(task.error.message or "") if task.error else "",
            )
            for task in details or []
            if task.display_name and not str(task.display_name).startswith(_GRAPHS)
        ),
    )


def wait_for_run(host: Host, run_id: str, poll_s: float = 10.0, screen: TextIO | None = None) -> Progress:
    """Wait until a run has ended, and show one line that is kept up to date.

    Waiting may be stopped at any time: the run does not depend on it.

    Raises:
        PipelineError: the run failed or was stopped; or the host refused or was not reached.
    """
    screen = screen or sys.stderr
    started, shown = time.monotonic(), ""
    while True:
        progress = read_progress(host, run_id)
        minutes = (time.monotonic() - started) / 60
        if screen.isatty():
            screen.write(f"\r\033[K{progress.line}, {minutes:.0f} min")
        elif progress.line != shown:
            screen.write(f"{progress.line}, {minutes:.0f} min\n")
        screen.flush()
        shown = progress.line
        if progress.ended:
            break
        time.sleep(poll_s)
    if screen.isatty():
        screen.write("\n")
    require_success(host, progress)
    return progress


def require_success(host: Host, progress: Progress) -> None:
    """Raise what went wrong in a run that has ended without success.

    Raises:
        PipelineError: the run has ended and did not succeed.
    """
    if not progress.ended or progress.state == "SUCCEEDED":
        return
    failed = [task for task in progress.tasks if task.state == "FAILED"]
    reasons = "; ".join(f"'{task.name}' {task.message or 'failed'}" for task in failed) or progress.message
    raise PipelineError(
        f"The run '{progress.title}' ended as {progress.state.lower()}: {reasons or 'no reason given'}. Read "
        f"the task's log at {host.run_link(progress.run_id)}, correct it and submit again: finished work is "
        "kept."
    )
