"""What a plan says to people."""

from __future__ import annotations

from cbvsynth.planning.plan import plan_run
from cbvsynth.planning.words import plan_lines
from tests.planning.studies import settings, study


def test_every_model_is_counted_once_and_those_alike_share_a_line() -> None:
    lines = list(plan_lines(plan_run(settings(), study(40)), epochs=1))
    said = dict(lines)
    assert [word for word, _ in lines[:3]] == ["study", "sequences", "CBV maps"]
    assert "1 epoch; are scored on" in said["2 models"]
    assert said["2 models"].endswith("(all)")
    assert "asks for 10" in said["gate"]
    assert "processor hours of training, estimated" in said["cost"]


def test_a_gate_that_cannot_pass_is_said() -> None:
    assert dict(plan_lines(plan_run(settings(), study(14)), epochs=10))["gate"].endswith("it cannot pass")
