"""What a plan says to people."""

from __future__ import annotations

from cbvsynth.config import TrainConfig
from cbvsynth.planning.plan import plan_run
from cbvsynth.planning.words import plan_lines
from tests.planning.studies import settings, study


def test_every_model_is_counted_once_and_those_alike_share_a_line() -> None:
    lines = list(plan_lines(plan_run(settings(), study(40)), TrainConfig("encdec-t1", epochs=1)))
    said = dict(lines)
    assert [word for word, _ in lines[:3]] == ["study", "sequences", "CBV maps"]
    assert "1 epoch; are scored on" in said["2 models"]
    assert said["2 models"].endswith("(all)")
    assert "asks for 10" in said["gate"]
    assert "processor hours of training, estimated" in said["cost"]


def test_a_gate_that_cannot_pass_is_said() -> None:
    lines = plan_lines(plan_run(settings(), study(14)), TrainConfig("encdec-t1"))
    assert dict(lines)["gate"].endswith("it cannot pass")


def test_a_training_that_is_not_the_papers_is_said() -> None:
    """Whoever puts an own study in the phantom's place would train it by the demo's settings."""
    plan = plan_run(settings(), study(40))
    shallow = TrainConfig("encdec-t1", epochs=7, residual_blocks=3, seed=5, example_count=0)
    assert (
        dict(plan_lines(plan, shallow))["training"]
        == "not the paper's in epochs 7 (500), residual_blocks 3 (6)"
    )
    assert dict(plan_lines(plan, TrainConfig("encdec-t1")))["training"] == "as in the paper"
