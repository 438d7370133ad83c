"""What training a model cost."""

from pathlib import Path

import pytest

from cbvsynth.errors import ResultError
from cbvsynth.records.costs import TrainingCost, read_cost, write_cost

COST = TrainingCost(train_s=12.5, export_s=1.25, score_s=0.5, device="CPU, 2 threads")


def test_a_cost_survives_the_way_through_a_file(tmp_path: Path) -> None:
    write_cost(tmp_path / "encdec-t1", COST)
    assert read_cost(tmp_path / "encdec-t1") == COST
    assert COST.total_s == 14.25


def test_the_file_is_this_byte_for_byte(tmp_path: Path) -> None:
    write_cost(tmp_path, COST)
    assert (tmp_path / "cost.json").read_text() == (
        '{\n  "train_s": 12.5,\n  "export_s": 1.25,\n  "score_s": 0.5,\n  "device": "CPU, 2 threads"\n}\n'
    )


def test_a_model_that_was_never_trained_to_the_end_has_no_cost(tmp_path: Path) -> None:
    assert read_cost(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"train_s": "x", "export_s": 1, "score_s": 1, "device": ""}']
)
def test_what_is_not_a_cost_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cost.json").write_text(text)
    with pytest.raises(ResultError, match="is not the cost of a training run"):
        read_cost(tmp_path)
