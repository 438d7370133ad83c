"""The table of costs: best first, fronts marked, a dash where nothing was recorded."""

from math import nan

from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.tables.costs import COST_HEADER, ModelCost, by_sequences, by_time, cost_rows


def test_models_stand_from_best_to_worst_with_their_fronts():
    costs = [
        ModelCost(ModelId.parse("encdec-t1"), 80.0, 1.0, 1000, 9.0, 1.0, 2.0, "CPU"),
        ModelCost(ModelId.parse("encdec-t1-t2"), 79.0, 1.0, 1000, 5.0, 1.0, 2.0, "CPU"),
        ModelCost(ModelId.parse("fcgan-t1-t1c"), 90.0, nan, 1000, nan, nan, nan, ""),
    ]
    assert by_sequences(costs) == (0, 2)
    assert by_time(costs) == (1, 0)
    rows = cost_rows(costs)
    assert all(len(row) == len(COST_HEADER) for row in rows)
    assert rows[0] == ("fcgan-t1-t1c", "2", "90.00", "1000", "–", "–", "–", "–", "sequences")
    assert [row[-1] for row in rows[1:]] == ["sequences, time", "time"]
