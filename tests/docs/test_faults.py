"""The page of faults names the test that holds each promise; here it is made sure that they exist."""

from __future__ import annotations

import ast
import re

from tests.docs.pages import ROOT

TEXT = (ROOT / "docs" / "explanation" / "faults.md").read_text(encoding="utf-8")
STAMPS = {"client/dicom_output.py", "commands/limits.py", "training/failure.py", "training/journal.py"}
"""Modules that write the date for people to read."""
_NODE = ("delivery", "files", "program", "reception", "work")
AGES = {"page/app.py", "page/studies.py", *(f"node/{name}.py" for name in _NODE)}
"""Modules that keep an age over restarts, which no other clock tells; by it a study is deleted or tried."""


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) >= 25
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            f"{path}::{name}"
        )


def test_every_fault_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| fault |")]
    assert [row for row in rows if not re.search(r"`tests/[\w/]+\.py::\w+` \|$", row)] == []


def test_no_duration_is_taken_from_a_clock_that_people_set() -> None:
    """After such a clock was put back a checkpoint by the clock would not come for as long."""
    source = ROOT / "src" / "cbvsynth"
    asking = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"\btime\.time(_ns)?\(|datetime\.(utc)?now\(|\bdate\.today\(", path.read_text("utf-8"))
    }
    assert asking - AGES == STAMPS
