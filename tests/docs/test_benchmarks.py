"""The pages name benchmarks as commands, `python benchmarks/NAME.py`, typed in the repository's root."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs.pages import ROOT


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_finds_its_neighbours_as_a_command(path: Path) -> None:
    """Four said `from benchmarks.held_out_maps import`: found by a test's path, and not by the command."""
    text = path.read_text(encoding="utf-8")
    named = [
        node.module or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "benchmarks"
    ]
    assert not named or "sys.path.insert(0, str(Path(__file__).resolve().parents[1]))" in text, named
