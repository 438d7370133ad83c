"""Whether a default fits a flag's type: as tyro answers with a type checker, without importing one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, Optional

import pytest
from tyro import _resolver

from cbvsynth import defaults_check
from cbvsynth.defaults_check import fits
from cbvsynth.domain.options import Layout, Switch

STEPS = ("validate", "preprocess", "train", "evaluate", "promote")


@pytest.mark.parametrize(
    ("expected", "value", "answer"),
    [
        (Layout, Layout.BIDS, True),
        (Layout, Switch.ON, False),
        (Layout, "bids", False),
        (Path | None, None, True),
        (Path | None, Path("a"), True),
        (Path | None, "a", False),
        (Optional[Layout], None, True),  # noqa: UP045  the older spelling, too
        (tuple[str, ...], (), True),
        (tuple[str, ...], ("a", "b"), True),
        (tuple[str, ...], "a", False),
        (tuple[Layout, ...], (Layout.BIDS,), True),
        (tuple[int, str], (1, "a"), True),
        (tuple[int, str], ("a", 1), False),
        (int, 1, True),
        (int, "1", False),
        (Literal["a", "b"], "a", True),
        (Literal["a", "b"], "c", False),
        (dict[str, int], {"a": 1}, True),
        (dict[str, int], {"a": "b"}, False),
    ],
)
def test_the_answer_is_tyros(expected: Any, value: object, *, answer: bool) -> None:
    assert fits(expected, value) is answer
    assert defaults_check._ask_tyro is not None
    assert defaults_check._ask_tyro(expected, value) is answer


def test_the_parser_asks_here_and_a_parser_without_the_question_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defaults_check.answer_at_once()
    assert _resolver.is_instance is fits
    monkeypatch.setattr(_resolver, "is_instance", "another version's")
    monkeypatch.setattr(defaults_check, "_ask_tyro", None)
    defaults_check.answer_at_once()
    assert vars(_resolver)["is_instance"] == "another version's"


def test_no_steps_help_imports_a_type_checker() -> None:
    """typeguard, with the asyncio and unittest.mock that it brings, was a third of the start."""
    code = (
        "import contextlib, io, sys\n"
        "from cbvsynth.cli import main\n"
        f"for words in [[], *([step, '--help'] for step in {STEPS!r}), ['predict', '--help']]:\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        main(words)\n"
        "print(sorted({'typeguard', 'asyncio', 'unittest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
