"""Every path of every command, given what it is not: one line, never a traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from cbvsynth.cli import main
from tests.commands.options import NEEDED, options

POSITIONAL = {
    "manifest": "root",
    "study use": "study",
    "clinical analyse": "reads",
    "clinical prognosis": "survival",
    "k8s check": "overlay",
}
"""Commands whose path is a word without a flag."""


def is_path(hint: Any) -> bool:
    return hint is Path or Path in get_args(hint)


PATHS = [(name, field) for name, field, hint in options() if is_path(hint) and name != "phantom"]


@pytest.mark.slow  # commands import what they need before they look at a path
@pytest.mark.parametrize("given", ["a folder", "a file", "/dev/null/below", ""])
@pytest.mark.parametrize("path", PATHS, ids="-".join)
def test_a_path_to_something_else_is_one_line(
    path: tuple[str, str],
    given: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A folder for a file, and a place below a file, ended in tracebacks in thirteen commands."""
    monkeypatch.chdir(tmp_path)
    Path("a folder").mkdir()
    Path("a file").write_bytes(b"\x00\xffnothing of ours\n")
    name, field = path
    needed = [] if POSITIONAL.get(name) == field else NEEDED.get(name, [])
    words = [given] if POSITIONAL.get(name) == field else [f"--{field}={given}"]
    try:
        code = main([*name.split(), *needed, *words])
    except SystemExit as wrong_usage:
        code = wrong_usage.code
    assert code in (0, 1, 2)
    if code:
        shown = capsys.readouterr().err
        assert re.search(r"^error: \S|Parsing error|required", shown, re.MULTILINE), shown
    assert Path("a file").read_bytes() == b"\x00\xffnothing of ours\n", (
        "a file that was not asked for is kept"
    )


@pytest.mark.parametrize(
    "typed",
    [
        "manifest /nope",
        "study use /nope",
        "plan --params /nope/params.yaml",
        "sweep status --params /nope/params.yaml",
        "leaderboard --evaluate /nope",
        "verdict --evaluate /nope",
        "clinical analyse /nope/reads.csv",
        "pipeline compile --out /nope/pipeline.txt",
        "predict --t1 t1.nii.gz --out /nope/map.txt",
        "clinical prognosis /nope/survival.csv",
    ],
)
def test_a_path_in_an_error_is_the_one_that_was_typed(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`/nope` was shown as `nope`, as if another folder had been looked into."""
    assert main(typed.split()) in (1, 2)
    assert "/nope" in capsys.readouterr().err


def test_a_folder_that_takes_no_file_is_named_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a file").write_bytes(b"")
    assert main(["phantom", "--receipt", "a file/below/data.json"]) == 1
    assert "'a file/below/data.json' cannot be made: " in capsys.readouterr().err
