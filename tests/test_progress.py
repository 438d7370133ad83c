"""A log is not drawn upon: a line now and then, and none for what is quick."""

from __future__ import annotations

import pytest

from cbvsynth import progress


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines(keepends=True)


def test_long_work_writes_whole_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar used to be redrawn in the log, one endless line of carriage returns."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    assert list(progress.progress_bar(range(3), desc="validate", unit="examination")) == [0, 1, 2]
    written = lines(capsys)
    assert written[-1].startswith("validate: 3 of 3, ")
    assert all(line.startswith("validate: ") and line.endswith("\n") and "\r" not in line for line in written)


def test_quick_work_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress_bar(desc="hashing", unit="file", total=2) as bar:
        bar.update()
        bar.update()
    assert lines(capsys) == []


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    list(progress.progress_bar(range(3), desc="validate", unit="examination"))
    assert "\rvalidate: 100%" in capsys.readouterr().err
