"""status, and waiting for a run, against a Kubeflow API on a real port."""

from __future__ import annotations

import io

import pytest

from cbvsynth.cli import main
from cbvsynth.kubeflow.runs.host import connect
from cbvsynth.kubeflow.runs.progress import wait_for_run
from tests.kubeflow.kubeflow_stub import Kubeflow, answer, node, nodes_of_task


def submit(host: Kubeflow, *arguments: str) -> int:
    return main(["pipeline", "submit", "--host", host.url, *arguments])


def test_waiting_shows_every_task_that_changes_and_ends_with_the_run(host: Kubeflow) -> None:
    assert submit(host) == 0
    root = node("root", "RUNNING", "1")
    host.answers += [
        answer("PENDING"),
        answer("RUNNING", root, *nodes_of_task("plan", "RUNNING", "20")),
        answer("RUNNING", root, *nodes_of_task("plan", "RUNNING", "20")),
        answer("SUCCEEDED", root, *nodes_of_task("plan", "SUCCEEDED", "20")),
    ]
    screen = io.StringIO()
    progress = wait_for_run(connect(host.url), "run-1", poll_s=0.01, screen=screen)
    assert progress.state == "SUCCEEDED"
    assert screen.getvalue().splitlines() == [
        "Synthetic CBV: pending, 0 min",
        "Synthetic CBV: running, 0 min",
        "  running    Plan the run, 0 min",
        "Synthetic CBV: succeeded, 0 min",
        "  succeeded  Plan the run, 0 min",
    ]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_did_not_succeed_ends_the_waiting_with_its_reason(
    host: Kubeflow, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubeflow's own client waits for ever for a run that was cancelled."""
    host.answers.append(
        answer(
            state,
            *nodes_of_task("validate", "SUCCEEDED", "20"),
            *nodes_of_task("preprocess", "FAILED", "30", message="killed: memory"),
        )
    )
    assert submit(host, "--wait", "on") == 1
    error = capsys.readouterr().err
    assert f"ended as {state.lower()}: 'Prepare and split' killed: memory" in error
    assert f"{host.url}/#/runs/details/run-1" in error


def test_status_lists_our_tasks_with_the_reason_of_what_failed_and_the_command_for_its_log(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    """It listed the nodes of the workflow, `executor(0)` six times, and no reason."""
    assert submit(host) == 0
    host.answers.append(
        answer(
            "FAILED", *nodes_of_task("plan", "SUCCEEDED", "20"), *nodes_of_task("validate", "FAILED", "30")
        )
    )
    pod = "cbv-synthesis-x-system-container-impl-305"
    host.logs[pod] = "launcher\nerror: The workspace '/workspace' cannot be written to.\nexit 1\n"
    assert main(["pipeline", "status", "run-1", "--host", host.url]) == 1
    shown = capsys.readouterr()
    assert "Synthetic CBV: failed (1 failed, 1 succeeded)" in shown.out
    assert (
        "  succeeded  Plan the run\n"
        "  failed     Check the data: The workspace '/workspace' cannot be written to.\n"
        f"             its log: kubectl -n kubeflow logs {pod} -c main\n"
    ) in shown.out
    assert "'Check the data' The workspace '/workspace' cannot be written to." in shown.err


def test_status_says_how_to_learn_why_a_task_waits(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said `pending executor(0)`: on two processors no task was ever scheduled, and nothing told why."""
    assert submit(host) == 0
    host.answers.append(answer("RUNNING", *nodes_of_task("plan", "RUNNING", "20", pod_state="PENDING")))
    assert main(["pipeline", "status", "run-1", "--host", host.url]) == 0
    assert (
        "  pending    Plan the run\n"
        "             why it waits: kubectl -n kubeflow describe pod "
        "cbv-synthesis-x-system-container-impl-205"
    ) in capsys.readouterr().out


def test_a_log_that_the_host_does_not_give_leaves_the_state(
    host: Kubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit(host) == 0
    host.answers.append(answer("FAILED", *nodes_of_task("validate", "FAILED", "30")))
    assert main(["pipeline", "status", "run-1", "--host", host.url]) == 1
    assert "  failed     Check the data\n" in capsys.readouterr().out


def test_status_of_a_run_that_does_not_exist(host: Kubeflow, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "status", "none", "--host", host.url]) == 1
    assert "refused (404 Not Found): Run none not found" in capsys.readouterr().err
