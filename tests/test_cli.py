"""`cbvsynth`: every command exists, explains itself, and starts light."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from cbvsynth import __version__
from cbvsynth.cli import COMMANDS, main


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert name in shown
        assert line in shown


def test_a_group_lists_its_commands_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep"]) == 0
    shown = capsys.readouterr().out
    assert "sweep quick" in shown
    assert "registry list" not in shown


@pytest.mark.parametrize("words", [["swep"], ["sweep", "qiuck"]])
def test_an_unknown_command_is_named_and_is_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert f"error: '{' '.join(words)}' is not a command" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cbvsynth {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_its_help_explains_every_flag(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    module, _, function = COMMANDS[name][0].partition(":")
    target = getattr(import_module(module), function)
    assert inspect.getdoc(target)
    with pytest.raises(SystemExit) as caught:
        main([*name.split(), "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: cbvsynth {name}" in shown


def test_the_command_line_starts_without_a_heavy_package() -> None:
    code = (
        "import sys; from cbvsynth.cli import COMMANDS; from importlib import import_module\n"
        "for target, _ in COMMANDS.values(): import_module(target.partition(':')[0])\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'great_expectations', 'pandas', 'matplotlib', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
