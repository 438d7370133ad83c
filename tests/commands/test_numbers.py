"""Every number of every command has a largest value, which is asked before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from cbvsynth.cli import main
from tests.commands.options import NEEDED, options

NUMBERS = [option for option in options() if option[2] in (int, float)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: "-".join(number[:2]))
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
