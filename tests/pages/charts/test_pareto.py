"""Pareto fronts: the models on them are named, and every model can be pointed at."""

from math import nan

from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.charts.pareto import pareto_charts
from cbvsynth.pages.tables.costs import ModelCost


def cost(model: str, ssim: float, train_s: float = nan) -> ModelCost:
    return ModelCost(ModelId.parse(model), ssim, 1.0, 1000, train_s, 1.0, 1.0, "CPU")


def test_the_caption_names_the_front_and_every_model_is_a_mark():
    costs = [cost("encdec-t1", 80.0, 5.0), cost("fcgan-t1", 79.0, 9.0), cost("encdec-t1-t1c", 90.0, 9.5)]
    sequences, time = pareto_charts(costs)
    assert sequences.description.endswith("more for less: encdec-t1, encdec-t1-t1c.")
    assert time.title == "Pareto front of SSIM and training time"
    for chart in (sequences, time):
        svg = str(chart.svg())
        assert svg.count(" %</title></use>") == 3
        assert "<title>fcgan-t1: 79.00 %</title>" in svg


def test_without_a_recorded_time_there_is_one_chart_and_models_without_one_are_left_out():
    assert len(pareto_charts([cost("encdec-t1", 80.0)])) == 1
    _, time = pareto_charts([cost("encdec-t1", 80.0), cost("encdec-t2", 70.0, 3.0)])
    assert "encdec-t1" not in time.svg()
