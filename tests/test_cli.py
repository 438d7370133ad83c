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
    group = COMMANDS[word]
    assert isinstance(group, Group)
    shown = shown_help([word, "--help"] if group.usual else [word], capsys)
    assert shown.count("•") == len(group.commands)
    for second, command in group.commands.items():
        assert f"• {second} {command.line}" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["swep"], "'swep' is not a command of cbvsynth; did you mean sweep?"),
        (["valdate", "--data", "x"], "'valdate' is not a command of cbvsynth; did you mean validate"),
        (["sweep", "qiuck"], "'qiuck' is not a command of cbvsynth sweep; did you mean quick?"),
        (["registry", "zzz"], "'zzz' is not a command of cbvsynth registry; expected one of list, rollback"),
    ],
)
def test_an_unknown_word_is_named_with_what_may_be_meant(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of all words used to be the answer to one letter too few."""
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_flag_is_named_with_what_may_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["predict", "--orientaton", "RAS"])
    assert caught.value.code == 2
    shown = capsys.readouterr().err
    assert "--orientaton" in shown
    assert "Perhaps you meant" in shown


def test_a_wrong_flag_leads_to_the_help_of_its_own_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It led to `cbvsynth --help`, where no flag of a command stands."""
    with pytest.raises(SystemExit):
        main(["sweep", "status", "--nope"])
    assert "cbvsynth sweep status --help" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_words_and_flags(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["completion", shell])
    assert not caught.value.code
    script = capsys.readouterr().out
    assert "cbvsynth" in script
    assert "reader-study" in script
    assert "--held_out_share" in script


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
    assert "(repeatable)" not in shown, "as tyro says behind a flag without a value, such as --json"


def test_no_command_imports_a_heavy_package_before_it_runs() -> None:
    code = (
        "import sys\n"
        "from cbvsynth.cli import all_commands\n"
        "functions = [command.run for command in all_commands().values()]\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'great_expectations', 'pandas', 'matplotlib', 'scipy',\n"
        "         'numpy', 'nibabel', 'grpc', 'jinja2', 'kfp'}\n"
        "print(len(functions) > 20, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


@pytest.mark.parametrize(("words", "module"), [([], ""), (["--help"], ""), (["train", "--help"], "steps")])
def test_only_the_requested_commands_module_is_imported(words: list[str], module: str) -> None:
    """Every command's module was imported for the help of one, half a second of computing."""
    code = (
        "import contextlib, io, sys\n"
        "from cbvsynth.cli import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        f"    main({words!r})\n"
        "place = 'cbvsynth.commands.'\n"
        "print(*(name.removeprefix(place) for name in sys.modules if name.startswith(place)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == module
