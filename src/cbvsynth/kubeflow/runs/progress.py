"""How far a run on a Kubeflow host has got."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TextIO

from cbvsynth.domain.sequences import select_models
from cbvsynth.errors import PipelineError, UsageError
from cbvsynth.kubeflow.definition.settings import short_name
from cbvsynth.kubeflow.runs.host import Host, api_errors
from cbvsynth.kubeflow.runs.nodes import Task, tasks_among

ENDED = frozenset({"SUCCEEDED", "FAILED", "SKIPPED", "CANCELED"})
_SHOWN_BYTES = 300
"""Of a reason: what fits into a few lines."""


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
    details = (run.run_details.task_details if run.run_details else None) or []
    return Progress(
        run_id=run_id,
        title=str(run.display_name),
        state=str(run.state or "PENDING"),
        message=str(run.error.message or "") if run.error else "",
        tasks=tuple(_explained(host, run_id, task) for task in tasks_among(details, _models(run))),
    )


def lines_of(host: Host, progress: Progress) -> Iterator[str]:
    """Every task with its state; of one that failed or waits, why, and how to learn more."""
    namespace = host.namespace or "kubeflow"
    for task in progress.tasks:
        yield f"  {task.state.lower():<10} {task.title}{f': {task.message}' if task.message else ''}"
        pod = task.pod or f"-l pipeline/runid={progress.run_id}"
        if task.state == "FAILED":
            yield f"             its log: kubectl -n {namespace} logs {pod} -c main"
        elif task.state == "PENDING":
            yield f"             why it waits: kubectl -n {namespace} describe pod {pod}"


def wait_for_run(host: Host, run_id: str, poll_s: float = 10.0, screen: TextIO | None = None) -> Progress:
    """Wait until a run has ended; show each task that changes, and one line that is kept up to date.

    Waiting may be stopped at any time: the run does not depend on it.

    Raises:
        PipelineError: the run failed or was stopped; or the host refused or was not reached.
    """
    screen = screen or sys.stderr
    clear = "\r\033[K" if screen.isatty() else ""
    started, state, known = time.monotonic(), "", dict[str, str]()
    while True:
        progress = read_progress(host, run_id)
        minutes = f"{(time.monotonic() - started) / 60:.0f} min"
        if progress.state != state:
            screen.write(f"{clear}{progress.title}: {progress.state.lower()}, {minutes}\n")
        for task in progress.tasks:
            if known.get(task.title) != task.state:
                screen.write(f"{clear}  {task.state.lower():<10} {task.title}, {minutes}\n")
        state, known = progress.state, {task.title: task.state for task in progress.tasks}
        if clear and not progress.ended:
            screen.write(f"{clear}{progress.line}, {minutes}")
        screen.flush()
        if progress.ended:
            break
        time.sleep(poll_s)
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
    reasons = "; ".join(f"'{task.title}' {task.message or 'failed'}" for task in failed) or progress.message
    raise PipelineError(
        f"The run '{progress.title}' ended as {progress.state.lower()}: {reasons or 'no reason given'}. Look "
        f"at {host.run_link(progress.run_id)}, or with 'cbvsynth pipeline status {progress.run_id}' for the "
        "commands that show its logs; correct it and submit again: finished work is kept."
    )


def _explained(host: Host, run_id: str, task: Task) -> Task:
    """A failed task with the error that its log ends with, where the host itself gives none."""
    if task.state != "FAILED" or task.message or not task.pod:
        return task
    lines = [line.strip() for line in host.log(run_id, task.pod).splitlines() if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if "error: " in line]
    said = errors[-1] if errors else lines[-1] if lines else ""
    return replace(task, message=said[:_SHOWN_BYTES])


def _models(run: Any) -> tuple[str, ...]:  # noqa: ANN401  of Kubeflow's client
    """The models that a run trains, in the order of its iterations; none where it does not say."""
    given = (run.runtime_config.parameters if run.runtime_config else None) or {}
    patterns = next((value for name, value in given.items() if short_name(name) == "models"), None)
    try:
        return tuple(model.slug for model in select_models(patterns)) if isinstance(patterns, list) else ()
    except UsageError:
        return ()
