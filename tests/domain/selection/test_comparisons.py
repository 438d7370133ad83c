"""Every model against the best."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cbvsynth.domain.selection.comparisons import compare_with_best
from cbvsynth.domain.selection.leaderboard import leaderboard
from cbvsynth.domain.selection.records import ScoredModel
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import DataError
from tests.domain.selection.tables import flat, scored, table

SETTINGS = GateSettings(bootstrap_samples=400)


def compare(*models: ScoredModel):
    return compare_with_best(
        {entry.model: entry.scores for entry in models}, leaderboard(models, "ssim_3d_whole"), SETTINGS
    )


def test_the_known_paired_t_of_the_statistics_notes():
    first = [0.861, 0.849, 0.883, 0.792, 0.904, 0.850, 0.877, 0.833]
    second = [0.856, 0.851, 0.874, 0.788, 0.901, 0.841, 0.879, 0.820]
    (row,) = compare(
        scored("encdec-t1", table("encdec-t1", first)), scored("encdec-t2", table("encdec-t2", second))
    )
    assert row.model == "encdec-t2"
    assert row.t == pytest.approx(2.58689342629, abs=1e-9)
    assert row.t_p_value == pytest.approx(0.0361078135817, abs=1e-10)
    assert row.t_p_bonferroni == row.t_p_value


def test_numbers_agree_with_scipy_on_patients_with_several_examinations():
    rng = np.random.default_rng(3)
    patients = [1, 1, 2, 3, 3, 3, 4, 5, 6, 7]
    best = rng.uniform(0.8, 0.9, 10)
    others = {"encdec-t2": best - rng.uniform(0, 0.1, 10), "fcgan-t2": best - rng.uniform(-0.02, 0.1, 10)}
    rows = compare(
        scored("encdec-t1", table("encdec-t1", list(best), patients=patients)),
        *(scored(name, table(name, list(values), patients=patients)) for name, values in others.items()),
    )
    assert len(rows) == 2
    for row in rows:
        differences = best - others[row.model]
        averaged = [differences[np.asarray(patients) == name].mean() for name in sorted(set(patients))]
        t = stats.ttest_rel(best, others[row.model])
        assert row.mean_difference == pytest.approx(differences.mean())
        assert (row.t, row.t_p_value) == pytest.approx((t.statistic, t.pvalue))
        assert row.t_p_bonferroni == pytest.approx(min(1.0, 2 * t.pvalue))
        assert row.patient_difference == pytest.approx(np.mean(averaged))
        assert row.wilcoxon_p_value == pytest.approx(stats.wilcoxon(averaged).pvalue)
        assert row.wilcoxon_p_bonferroni == pytest.approx(min(1.0, 2 * row.wilcoxon_p_value))
        assert row.confidence_low < row.patient_difference < row.confidence_high
        assert (row.examinations, row.patients) == (10, 7)


def test_identical_models_do_not_differ():
    (row,) = compare(flat("encdec-t1", 0.8), flat("fcgan-t1", 0.8))
    assert (row.mean_difference, row.t, row.t_p_value, row.wilcoxon_p_value) == (0, 0, 1, 1)


def test_a_difference_without_any_spread_has_no_t_and_does_not_spoil_the_others():
    spread = scored("encdec-t2", table("encdec-t2", [0.3 + 0.001 * exam**2 for exam in range(6)]))
    constant, varied = compare(flat("encdec-t1", 0.75, exams=6), flat("fcgan-t1", 0.5, exams=6), spread)
    assert np.isnan(constant.t)
    assert np.isnan(constant.t_p_bonferroni)
    assert constant.wilcoxon_p_value == 1 / 32
    assert varied.t_p_bonferroni == pytest.approx(2 * varied.t_p_value)


def test_the_answer_for_a_model_does_not_depend_on_which_others_are_in_the_sweep():
    rng = np.random.default_rng(4)
    models = [
        scored(name, table(name, list(rng.uniform(0.5, 0.6, 12)))) for name in ("encdec-t2", "fcgan-t2")
    ]
    best = flat("encdec-t1", 0.9)
    alone = {row.model: row for model in models for row in compare(best, model)}
    for row in compare(best, *models):
        assert (row.confidence_low, row.confidence_high) == (
            alone[row.model].confidence_low,
            alone[row.model].confidence_high,
        )


def test_one_model_or_one_patient_gives_nothing_to_compare():
    assert compare(flat("encdec-t1", 0.8)) == ()
    same = [scored(name, table(name, [0.8, 0.7], patients=[1, 1])) for name in ("encdec-t1", "fcgan-t1")]
    assert compare(*same) == ()


def test_a_score_that_is_not_a_number_is_an_error():
    broken = scored("fcgan-t1", table("fcgan-t1", [float("nan"), 0.5]))
    with pytest.raises(DataError, match="NaN"):
        compare(flat("encdec-t1", 0.8, exams=2), broken)
