"""Every number of every command has a largest value, which is asked before anything is done."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from cbvsynth.cli import all_commands, main

NEEDED = {
    "clinical analyse": ["reads.csv"],
    "pipeline schedule": ["--cron", "0 0 3 * * 1"],
    "pipeline status": ["run"],
    "predict": ["--t1", "t1.nii.gz", "--out", "cbv.nii.gz"],
    "reader-study analyse": ["scores.csv"],
    "serving demo": ["--once"],
    "serving sync": ["--once"],
    "train": ["--model", "encdec-t1"],
}
"""What else a command must be given to be run at all."""


def numbers() -> Iterator[tuple[str, str, type]]:
    for name, command in all_commands().items():
        # With their annotations: a flag that is counted is no number.
        hints = get_type_hints(command.run, include_extras=True)
        for parameter in inspect.signature(command.run).parameters:
            kind = getattr(hints[parameter], "__origin__", None)
            options = dataclasses.is_dataclass(kind)
            fields = get_type_hints(kind, include_extras=True) if options else {parameter: hints[parameter]}
            for field, found in fields.items():
                if found in (int, float):
                    yield name, field, found


@pytest.mark.parametrize("number", list(numbers()), ids=lambda number: "-".join(number[:2]))
def test_an_absurd_number_is_a_usage_error(
    number: tuple[str, str, type],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`serving demo --port 99999999` ended in an OverflowError; most commands worked for a while first."""
    name, field, kind = number
    monkeypatch.chdir(tmp_path)
    for value in ["9" * 20, "nan"] if kind is float else ["9" * 20]:
        assert main([*name.split(), *NEEDED.get(name, []), f"--{field}", value]) == 2, value
        assert f"{field} is " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
