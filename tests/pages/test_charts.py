"""Charts of small and odd sweeps are drawn, and the numbers beside them are right."""

from __future__ import annotations

from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from scipy import stats

from cbvsynth.domain.selection.leaderboard import leaderboard, summarise
from cbvsynth.errors import DataError
from cbvsynth.pages.charts.agreement import agreement_caption, draw_bland_altman, lesion_agreement
from cbvsynth.pages.charts.table2 import draw_ssim_by_combination
from tests.domain.selection.tables import flat, scored, table


def test_a_sweep_of_one_model_is_drawn(tmp_path: Path):
    rows = leaderboard([flat("encdec-t1", 0.8, exams=1)], "ssim_3d_whole")
    draw_ssim_by_combination(tmp_path / "one.png", rows, [], "ssim_3d_whole")
    assert imread(tmp_path / "one.png").std() > 0.01


def test_a_model_without_a_mean_does_not_break_the_chart(tmp_path: Path):
    models = [flat("encdec-t1", 0.8, exams=2), scored("fcgan-t2", table("fcgan-t2", [nan, 0.5]))]
    rows = leaderboard(models, "ssim_3d_whole")
    baseline = summarise("constant-mean", table("constant-mean", [nan, nan]))
    draw_ssim_by_combination(tmp_path / "two.png", rows, [baseline], "ssim_3d_whole")
    assert imread(tmp_path / "two.png").std() > 0.01


def test_agreement_is_bias_limits_and_concordance_of_the_examinations_with_a_lesion():
    lesions = [0.5, None, -1.0, 1.5]
    found = lesion_agreement(table("encdec-t1", [0.8] * 4, lesions=lesions))
    differences = np.array([0.5, -1.0, 1.5])
    assert found.limits.pairs == 3
    assert found.limits.bias.estimate == pytest.approx(differences.mean())
    spread = stats.norm.ppf(0.975) * differences.std(ddof=1)
    assert found.limits.upper_limit.estimate == pytest.approx(differences.mean() + spread)
    assert isnan(found.concordance)
    caption = agreement_caption(found, "mL/100g")
    assert "3 examinations. Bias (synthetic minus real) +0.33 mL/100 g" in caption
    assert "concordance not defined" in caption


@pytest.mark.parametrize("lesions", [[None, None], [None, 1.0]])
def test_fewer_than_two_lesions_show_no_agreement(lesions: list[float | None]):
    assert lesion_agreement(table("encdec-t1", [0.8, 0.8], lesions=lesions)) is None


def test_a_lesion_value_that_is_no_number_is_an_error():
    with pytest.raises(DataError, match="NaN"):
        lesion_agreement(table("encdec-t1", [0.8, 0.8], lesions=[nan, 1.0]))


def test_bland_altman_is_drawn_with_and_without_diagnoses(tmp_path: Path):
    found = lesion_agreement(table("encdec-t1", [0.8] * 3, lesions=[0.5, -1.0, 1.5]))
    draw_bland_altman(tmp_path / "a.png", found, "mL/100g", "Lesion CBV")
    assert imread(tmp_path / "a.png").std() > 0.01
