"""The pages of this repository, the links in them, and the commands in them, which can be typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for folder in ("", "docs/**/", "components/**/", "serving/**/", "pipelines/**/", "k8s/**/", "src/**/")
    for page in ROOT.glob(f"{folder}*.md")
)

_FENCE = re.compile(r"^```(\w*)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PROGRAMS = ("cbvsynth", "python", "make")


class Command(NamedTuple):
    """A command line of a page."""

    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Where it stands, and the line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}: {' '.join(self.words)}"

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the long flags, without values."""
        return tuple(word.partition("=")[0] for word in self.words if re.match(r"--[a-z]", word))


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures that lie in the repository."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


def commands(page: Path) -> Iterator[Command]:
    """Commands of our own programs in the code blocks of a page, continued lines joined."""
    for number, text in code_lines(page):
        words = _words(text)
        while words and re.match(r"[A-Z_]+=", words[0]):  # VARIABLE=value before a command
            words = words[1:]
        if words and words[0] in _PROGRAMS:
            yield Command(page, number, words)


def code_lines(page: Path) -> Iterator[tuple[int, str]]:
    """Logical lines of code blocks, fenced or indented, with the number of their first line."""
    language, started, joined = None, 0, ""
    before = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line.strip())
        if fence:
            language = fence[1] if language is None else None
            continue
        is_code = language in ("", "bash", "console") or (
            language is None and line.startswith("    ") and (not before or before.startswith("    "))
        )
        before = line.rstrip()
        if not is_code:
            continue
        started = started if joined else number
        joined += line.strip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            yield started, joined
            joined = ""


def _words(text: str) -> tuple[str, ...]:
    """Words of a line as a shell sees them; [optional] parts count, ... and what follows && does not."""
    try:
        words = shlex.split(text.replace("[", "").replace("]", ""), comments=True)
    except ValueError:
        return ()
    for end in ("&&", "|", ">", ";"):
        words = words[: words.index(end)] if end in words else words
    return tuple(word for word in words if word != "...")


def typed(lines: Iterable[str], folder: Path) -> str:
    """What lines print that a newcomer types one after the other; the first that fails ends the test."""
    unwanted = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "VIRTUAL_ENV", "MAKEFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
