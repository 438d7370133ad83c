"""The threat model names the test that holds each promise; here it is made sure that they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/explanation/threat-model.md").read_text(encoding="utf-8")


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) >= 25
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            f"{path}::{name}"
        )


def test_every_named_family_of_rules_is_held() -> None:
    from cbvsynth.k8s.rules import RULES

    families = re.findall(r"`src/cbvsynth/k8s/rules/(\w+)\.py`", TEXT)
    assert {"pods", "network", "access", "images", "secrets"} <= set(families)
    assert set(families) <= RULES.keys()


def test_every_row_of_promises_says_what_holds_it() -> None:
    promises = TEXT.partition("## Promises")[2].partition("## What is not promised")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ") and "---" not in line]
    for row in rows:
        assert row.startswith("| promise |") or re.search(r"`(tests|src/cbvsynth/k8s/rules)/", row), row
