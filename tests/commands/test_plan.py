"""`cbvsynth plan` tells people and programs the same, and stops what cannot end well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cbvsynth.cli import main

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_is_planned_as_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The 59 held-out examinations of 45 patients of the README, said before the phantom is made."""
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--params", str(ROOT / "params.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "4 models   learn from 141 examinations of 105 patients, 7 epochs" in shown
    assert "gate       judges 59 examinations of 45 patients; asks for 10: it can pass" in shown
    assert "processor hours of training, estimated" in shown
    assert not any(tmp_path.iterdir())


def test_what_cannot_end_well_ends_at_once_and_a_program_can_read_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("phantom:\n  patients: 14\nsweep:\n  models:\n    - encdec-t1c\n")
    assert main(["plan", "--json"]) == 1
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert shown.err.startswith("error: This run cannot end with a champion. The gate cannot pass: ")
    assert answer["judged"]["examinations"] < answer["min_examinations"] == 10
    assert answer["obstacles"]
    assert answer["cost"]["disk_bytes"] > 0
