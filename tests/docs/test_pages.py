"""What the pages say can be typed and followed: links lead somewhere, commands and flags exist."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from cbvsynth.cli import COMMANDS, Group, all_commands
from tests.docs.pages import PAGES, ROOT, Command, commands, links

ALL_COMMANDS = [
    command for page in PAGES for command in commands(page) if command.words[:2] != ("python", "-c")
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = [target for target in links(page) if not (page.parent / target).exists()]
    assert lost == []


def test_the_pages_hold_commands_of_every_kind() -> None:
    """The tests below would pass on nothing."""
    programs = {" ".join(command.words[:2]) for command in ALL_COMMANDS}
    assert {"cbvsynth predict", "make demo"} <= programs


@pytest.mark.slow
@pytest.mark.parametrize("command", ALL_COMMANDS, ids=str)
def test_every_command_exists_with_its_flags(command: Command) -> None:
    if command.words[0] == "make":
        assert {word for word in command.words[1:] if "=" not in word} <= TARGETS
        return
    shown = help_of(program(command))
    unknown = [flag for flag in command.flags if not re.search(rf"{flag}\b", shown)]
    assert unknown == [], f"{command}: not in its --help"


def program(command: Command) -> tuple[str, ...]:
    """The words that name the program, without its arguments."""
    words = command.words
    if words[0] == "cbvsynth":
        for length in (2, 1):
            name = " ".join(words[1 : 1 + length])
            if name in all_commands():
                return ("-m", "cbvsynth.cli", *name.split())
        group = COMMANDS.get(words[1]) if len(words) > 1 else None
        if isinstance(group, Group) and group.usual and (len(words) == 2 or words[2].startswith("-")):
            return ("-m", "cbvsynth.cli", words[1], group.usual)
        assert words[1:] in ((), ("--help",), ("--version",)), f"{command}: no such command"
        return ("-m", "cbvsynth.cli")
    if words[1] == "-m":
        assert find_spec(words[2]), f"{command}: no such module"
        return words[1:3]
    assert (ROOT / words[1]).is_file(), f"{command}: no such file"
    return words[1:2]


@cache
def help_of(words: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)} --help: {done.stderr}"
    return done.stdout
