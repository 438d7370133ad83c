"""status, and waiting for a run, against a Kubeflow API on a real port."""

from __future__ import annotations

import io

import pytest

from cbvsynth.cli import main
from cbvsynth.kubeflow.runs.host import connect
from cbvsynth.kubeflow.runs.progress import wait_for_run
from tests.kubeflow.kubeflow_stub import Kubeflow, answer


def submit(host: Kubeflow, *arguments: str) -> int:
    return main(["pipeline", "submit", "--host", host.url, *arguments])


def test_waiting_shows_a_line_for_every_change_and_ends_with_the_run(host: Kubeflow) -> None:
    assert submit(host) == 0
    host.answers += [
        answer("PENDING"),
        answer("RUNNING", ("root", "RUNNING"), ("Check the data", "RUNNING")),
        answer("RUNNING", ("root", "RUNNING"), ("Check the data", "RUNNING")),
        answer("SUCCEEDED", ("root", "SUCCEEDED"), ("Check the data", "SUCCEEDED")),
    ]
    screen = io.StringIO()
    progress = wait_for_run(connect(host.url), "run-1", poll_s=0.01, screen=screen)
    assert progress.state == "SUCCEEDED"
    assert screen.getvalue().splitlines() == [
        "Synthetic CBV: pending, 0 min",
        "Synthetic CBV: running (1 running), 0 min",
        "Synthetic CBV: succeeded (1 succeeded), 0 min",
    ]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_did_not_succeed_ends_the_waiting_with_its_reason(
    host: Kubeflow, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubeflow's own client waits for ever for a run that was cancelled."""
    host.answers.append(
        answer(
            state, ("Check the data", "SUCCEEDED"), ("Train and score", "FAILED"), message="killed: memory"
        )
    )
    assert submit(host, "--wait", "on") == 1
    error = capsys.readouterr().err
    assert f"ended as {state.lower()}: 'Train and score' killed: memory" in error
    assert f"{host.url}/#/runs/details/run-1" in error


def test_status_lists_the_tasks(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit(host) == 0
    host.answers.append(answer("RUNNING", ("Check the data", "SUCCEEDED"), ("Train and score", "RUNNING")))
    assert main(["pipeline", "status", "run-1", "--host", host.url]) == 0
    shown = capsys.readouterr().out
    assert "Synthetic CBV: running (1 running, 1 succeeded)" in shown
    assert "  succeeded  Check the data\n  running    Train and score\n" in shown


def test_status_of_a_run_that_does_not_exist(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "status", "none", "--host", host.url]) == 1
    assert "refused (404 Not Found): Run none not found" in capsys.readouterr().err
