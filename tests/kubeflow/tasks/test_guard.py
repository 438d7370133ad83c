"""The edge of a task: its errors, its log, and what it prints."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cbvsynth.errors import DataError, UsageError
from cbvsynth.kubeflow.tasks.guard import TERMINATION_LOG, deferred_output, guarded, leave_reason


@pytest.mark.parametrize(("error", "code"), [(DataError("no examinations"), 1), (UsageError("epochs"), 2)])
def test_an_error_of_ours_ends_a_task_with_one_line(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def task() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        guarded(task)
    assert caught.value.code == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_the_reason_is_left_where_kubernetes_keeps_it_with_the_pod(tmp_path: Path) -> None:
    """It stood in the pod's log alone; `kubectl describe` and the graph said "Error (exit code 1)"."""
    log = tmp_path / "termination-log"
    leave_reason("nobody reads this", log)
    assert not log.exists(), "outside of a container nothing is written"
    log.touch()
    leave_reason("ä" * 5000, log)
    assert log.read_bytes() == ("ä" * 2048).encode()
    assert Path("/dev/termination-log") == TERMINATION_LOG


def test_a_task_gives_its_result_and_leaves_logging_as_it_was() -> None:
    """Kubeflow's executor has every library log at INFO; Great Expectations alone says hundreds of lines."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    try:
        assert guarded(lambda word: (word, logging.getLogger().level), "x") == ("x", logging.WARNING)
        assert root.level == logging.INFO
    finally:
        root.setLevel(before)


def test_what_a_step_says_of_its_folder_names_the_final_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with deferred_output(tmp_path / ".unfinished") as output:
        print(f"report: {tmp_path / '.unfinished'}/report.html")
        output.final_folder = Path("evaluate/abc")
    assert capsys.readouterr().out == "report: evaluate/abc/report.html\n"


def test_what_a_step_said_before_it_failed_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> None:
        with deferred_output(tmp_path):
            print("said before it failed")
            raise DataError("failed")

    with pytest.raises(DataError):
        failing()
    assert capsys.readouterr().out == "said before it failed\n"
