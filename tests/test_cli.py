"""`cbvsynth`: every command exists, explains itself, and starts light."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from cbvsynth import __version__
from cbvsynth.cli import COMMANDS, Command, Group, all_commands, main


def shown_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_word_with_its_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_help(words, capsys)
    assert "For research only; not a medical device." in shown
    for word, command in COMMANDS.items():
        assert f"• {word} {command.line}" in shown


@pytest.mark.parametrize("word", [word for word, one in COMMANDS.items() if isinstance(one, Group)])
def test_a_group_lists_its_commands_only(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = shown_help([word], capsys)
    group = COMMANDS[word]
    assert isinstance(group, Group)
    assert shown.count("•") == len(group.commands)
    for second, command in group.commands.items():
        assert f"• {second} {command.line}" in shown


@pytest.mark.parametrize("words", [["swep"], ["sweep", "qiuck"], ["predict", "--tc1", "x.nii"]])
def test_an_unknown_word_is_named_and_is_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert next(word for word in reversed(words) if word != "x.nii") in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cbvsynth {__version__}\n"


@pytest.mark.parametrize(("name", "command"), all_commands().items(), ids=list(all_commands()))
def test_every_command_explains_itself_and_every_flag(
    name: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = shown_help([*name.split(), "--help"], capsys)
    assert shown.startswith(f"usage: cbvsynth {name}")
    assert " ".join((inspect.getdoc(command.run) or "").partition("\n")[0].split()) in shown


def test_the_command_line_starts_without_a_heavy_package() -> None:
    code = (
        "import sys, cbvsynth.cli\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'great_expectations', 'pandas', 'matplotlib', 'scipy',\n"
        "         'numpy', 'nibabel', 'grpc', 'jinja2', 'kfp'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
