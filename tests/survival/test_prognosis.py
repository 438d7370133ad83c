"""Prognosis: every statistic has R's known answer, and what cannot be leant on is said."""

from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.prognosis import SurvivalTable
from cbvsynth.domain.statistics.roc import PERFECT_NOTE
from cbvsynth.errors import DataError
from cbvsynth.survival.prognosis import CLINICAL, analyse_prognosis
from tests.domain.statistics.follow_up import AGE, CBV_REAL, CBV_SYNTHETIC, EVENT, HIGH_GRADE, TIME


def table(**changes):
    whole = SurvivalTable(
        time_months=np.array(TIME, dtype=float),
        event=np.array(EVENT, dtype=bool),
        cbv={MapKind.REAL: np.array(CBV_REAL), MapKind.SYNTHETIC: np.array(CBV_SYNTHETIC)},
        covariates={"age": np.array(AGE, dtype=float), "grade": np.array(HIGH_GRADE, dtype=float)},
        left_out=2,
    )
    return replace(whole, **changes)


@pytest.fixture(scope="module")
def result():
    return analyse_prognosis(table(), [12])


def test_halves_of_synthetic_cbv_give_the_known_answer(result):
    split = result.splits[0]
    assert (split.kind, split.median_cbv) == (MapKind.SYNTHETIC, pytest.approx(3.2))
    assert (split.low.patients, split.high.patients) == (21, 19)
    assert split.test.p_value == pytest.approx(0.011421441382254, abs=1e-9)


def test_models_come_with_and_without_cbv_and_give_the_known_answers(result):
    """``anova``, ``confint``, ``cox.zph``, ``concordance`` of survival 3.5 (R 4.2.2)."""
    assert [model.name for model in result.models] == [
        CLINICAL,
        "synthetic CBV",
        f"{CLINICAL} and synthetic CBV",
        "real CBV",
        f"{CLINICAL} and real CBV",
    ]
    synthetic, real = result.models[2], result.models[4]
    assert synthetic.likelihood_ratio.p_value == pytest.approx(0.0271968870674983, abs=1e-9)
    ratio = synthetic.ratios[-1]
    assert (ratio.low, ratio.high) == pytest.approx((1.02088212749570, 1.40844590360516), abs=1e-9)
    assert ratio.proportionality.p_value == pytest.approx(0.933944554377181, abs=1e-9)
    assert synthetic.proportionality.p_value == pytest.approx(0.698121501107433, abs=1e-9)
    assert synthetic.concordance.c == pytest.approx(0.771386430678466, abs=1e-9)
    assert (real.ratios[-1].low, real.ratios[-1].high) == pytest.approx(
        (1.13753570317954, 1.73655913916895), abs=1e-9
    )
    assert result.models[0].likelihood_ratio.degrees == 2, "against a model without covariates"


def test_differences_are_second_minus_first_and_positive_ones_favour_the_second(result):
    """``contrast %*% coef(concordance(m1, m2, m3))``; the area by riskRegression::Score."""
    gain = result.comparisons[0]
    assert (gain.first, gain.second) == (CLINICAL, f"{CLINICAL} and synthetic CBV")
    assert gain.concordance.difference == pytest.approx(0.039085545722713944, abs=1e-9)
    assert gain.concordance.z > 0
    pairs = [(one.first, one.second) for one in result.comparisons]
    assert ("real CBV", "synthetic CBV") in pairs
    alone = result.comparisons[pairs.index(("real CBV", "synthetic CBV"))]
    assert alone.areas[0].difference == pytest.approx(-0.0431321712268314, abs=1e-9)
    assert alone.reclassifications[0].idi.difference < 0


def test_few_events_and_a_horizon_with_few_patients_are_noted(result):
    assert (result.patients, result.events, result.left_out) == (40, 32, 2)
    few = analyse_prognosis(table(event=np.array(EVENT, dtype=bool) & (np.arange(40) < 20)), [30, 12])
    assert any("fewer than 10 each" in note for note in few.notes)
    assert any(note.startswith("Horizon of 30 months") or "At 30 months" in note for note in few.notes)


def test_a_horizon_beyond_all_follow_up_is_left_out_and_the_rest_told():
    result = analyse_prognosis(table(), [12, 60])
    assert result.models[0].areas[0] is not None
    assert result.models[0].areas[1] is result.comparisons[0].areas[1] is None
    assert sum("Horizon of 60 months" in note for note in result.notes) == 1


def test_without_covariates_only_the_two_maps_are_compared():
    result = analyse_prognosis(table(covariates={}), [12])
    assert [(one.first, one.second) for one in result.comparisons] == [("real CBV", "synthetic CBV")]
    one_map = analyse_prognosis(table(covariates={}, cbv={MapKind.SYNTHETIC: np.array(CBV_SYNTHETIC)}), [12])
    assert (len(one_map.models), one_map.comparisons) == (1, ())


def test_a_model_without_an_estimate_is_left_out_with_its_reason():
    result = analyse_prognosis(table(covariates={"constant": np.ones(40)}), [12])
    assert [model.name for model in result.models] == ["synthetic CBV", "real CBV"]
    assert any("constant is the same for all" in note for note in result.notes)


def test_an_effect_that_changes_over_time_is_noted():
    rng = np.random.default_rng(4)
    first = np.repeat([0.0, 1.0], 60)
    time = np.concatenate([np.where(first, rng.uniform(1, 5, 120), rng.uniform(1, 40, 120))])
    time[100:120] = rng.uniform(60, 90, 20)
    result = analyse_prognosis(
        SurvivalTable(
            time, np.ones(120, dtype=bool), {MapKind.SYNTHETIC: first + rng.normal(0, 0.2, 120)}, {}, 0
        ),
        [12],
    )
    assert any("changes over time" in note for note in result.notes)


def test_a_perfect_area_is_no_certainty():
    """'1.000 (1.000 to 1.000)' would stand in the table without a word."""
    cbv = np.array([9.0, 7, 8, 5, 6, 1, 3, 2, 4, 2.5])
    whole = SurvivalTable(np.arange(1.0, 11), np.ones(10, dtype=bool), {MapKind.SYNTHETIC: cbv}, {}, 0)
    assert PERFECT_NOTE in analyse_prognosis(whole, [5]).notes
    assert PERFECT_NOTE not in analyse_prognosis(whole, [4]).notes


@pytest.mark.parametrize("seed", range(6))
def test_an_area_that_is_perfect_but_for_rounding_is_no_certainty_either(seed):
    """Weights that add up to 1.0000000000000002 lost the note in four of six studies."""
    rng = np.random.default_rng(seed)
    cbv = rng.uniform(2, 10, 40)
    time = np.where(cbv > 6, 11 - 0.5 * cbv + rng.uniform(0, 1, 40), rng.uniform(13, 40, 40))
    result = analyse_prognosis(
        SurvivalTable(time, rng.random(40) < 0.7, {MapKind.SYNTHETIC: cbv}, {}, 0), [12.0]
    )
    assert result.models[0].areas[0].auc == pytest.approx(1.0, abs=1e-12)
    assert result.models[0].areas[0].auc <= 1.0
    assert PERFECT_NOTE in result.notes


@pytest.mark.parametrize(
    ("time", "event", "note"),
    [
        ([*range(1, 10), 30], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1], "do not tell whether a hazard ratio changes"),
        ([5, 5, 5, 6, 7, 8, 9, 12, 13, 14], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], "All events are at one time"),
    ],
)
def test_too_few_events_for_the_test_of_proportional_hazards_leave_that_out_alone(time, event, note):
    """The first ended in LinAlgError, the second wrote nothing at all."""
    cbv = {MapKind.SYNTHETIC: np.array([5, 9, 3, 4, 6, 7, 5.5, 2, 8, 6])}
    result = analyse_prognosis(
        SurvivalTable(np.array(time, dtype=float), np.array(event, dtype=bool), cbv, {}, 0), [6.0]
    )
    (model,) = result.models
    assert (model.proportionality, model.ratios[0].proportionality) == (None, None)
    assert np.isfinite(model.ratios[0].ratio)
    assert any(note in found for found in result.notes)


def test_nothing_to_follow_and_no_horizon_are_refused():
    with pytest.raises(DataError, match="0 events"):
        analyse_prognosis(table(event=np.zeros(40, dtype=bool)), [12])
    for horizons in ([], [0], [-1.0]):
        with pytest.raises(DataError, match="No horizon above 0"):
            analyse_prognosis(table(), horizons)
