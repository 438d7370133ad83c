"""SSIM by sequences: boxes of small and odd sweeps, in order, with their numbers."""

from __future__ import annotations

import re
from math import nan
from pathlib import Path

from matplotlib.image import imread

from cbvsynth.domain.selection.leaderboard import summarise
from cbvsynth.domain.sequences import ModelId
from cbvsynth.pages.charts.combinations import combination_chart
from tests.domain.selection.tables import table

COLUMN = "ssim_3d_whole"


def scores(**models: list[float]):
    return {
        ModelId.parse(name.replace("_", "-")): table(name.replace("_", "-"), values)
        for name, values in models.items()
    }


def test_a_sweep_of_one_model_and_one_examination_is_drawn(tmp_path: Path):
    chart = combination_chart(scores(encdec_t1=[0.8]), [], COLUMN)
    chart.save_png(tmp_path / "one.png")
    assert imread(tmp_path / "one.png").std() > 0.01
    assert chart.description.endswith("The best mean, 80.00 %, is that of Encoder-decoder, MAE: T1.")


def test_boxes_are_the_quartiles_and_the_mean_of_each_model():
    svg = str(combination_chart(scores(encdec_t1=[0.70, 0.80, 0.84, 0.86, 0.90]), [], COLUMN).svg())
    assert "<title>encdec-t1: mean 82.00, median 84.00, quartiles 80.00 and 86.00</title>" in svg


def test_combinations_stand_from_best_to_worst_by_their_better_model():
    values = scores(encdec_t1=[0.8, 0.8], fcgan_t1=[0.5, 0.5], encdec_t2=[0.7, 0.7], fcgan_t2=[0.9, 0.9])
    chart = combination_chart(values, [], COLUMN)
    named = re.findall(r"<title>(\w+-\w+): mean", str(chart.svg()))
    assert named == ["fcgan-t2", "fcgan-t1", "encdec-t2", "encdec-t1"]
    assert "90.00 %" in chart.description


def test_three_algorithms_of_a_combination_stand_side_by_side():
    values = scores(encdec_t1=[0.8, 0.8], fcgan_t1=[0.5, 0.5], flow_t1=[0.7, 0.7])
    svg = str(combination_chart(values, [], COLUMN).svg())
    named = re.findall(r"<title>(\w+-\w+): mean", svg)
    assert named == ["fcgan-t1", "encdec-t1", "flow-t1"]
    assert "Rectified flow</text>" in svg


def test_a_model_without_a_mean_does_not_break_the_chart(tmp_path: Path):
    values = scores(encdec_t1=[0.8, 0.8], fcgan_t2=[nan, 0.5], encdec_adc=[nan, nan])
    baselines = [
        summarise("constant-mean", table("constant-mean", [nan, nan])),
        summarise("tissue-mean", table("tissue-mean", [0.4, 0.6])),
    ]
    chart = combination_chart(values, baselines, COLUMN)
    svg = str(chart.svg())
    assert "tissue-mean map</text>" in svg
    assert "constant-mean map" not in svg
    assert "encdec-adc" not in svg
    chart.save_png(tmp_path / "two.png")
    assert imread(tmp_path / "two.png").std() > 0.01
