"""The candidate must be better than the present champion, on the same examinations, beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from cbvsynth.domain.selection.champion import compare_with_champion
from cbvsynth.domain.selection.records import ChampionComparison, PresentChampion, ScoredModel
from cbvsynth.domain.selection.settings import GateSettings
from tests.domain.selection.tables import champion, score, scored, table

SETTINGS = GateSettings(bootstrap_samples=200)
BEFORE = [0.80, 0.70, 0.60, 0.90, 0.85, 0.75]


def candidate(
    ssims: Sequence[float], model: str = "encdec-t1", patients: Sequence[int] | None = None, **changes: object
):
    return scored(model, table(model, ssims, patients=patients), **changes)


def by_name(comparison: ChampionComparison):
    return {check.name: check for check in comparison.checks}


def test_a_clear_gain_passes_all_three_checks():
    now = candidate([value + 0.01 * (place + 1) for place, value in enumerate(BEFORE)])
    found = compare_with_champion(now, champion("encdec-t2", BEFORE), SETTINGS)
    assert all(check.passed is True for check in found.checks)
    assert found.mean_difference == pytest.approx(0.035)
    assert found.confidence_low < 0.035 < found.confidence_high
    assert found.p_value == pytest.approx(1 / 2**6)
    assert (found.examinations, found.patients, found.version) == (6, 6, 3)


def test_a_clear_loss_fails_both_numbers():
    now = candidate([value - 0.01 * (place + 1) for place, value in enumerate(BEFORE)])
    found = by_name(compare_with_champion(now, champion("encdec-t2", BEFORE), SETTINGS))
    assert found["champion-mean-difference"].passed is False
    assert found["champion-significance"].passed is False
    assert found["champion-significance"].found == pytest.approx(1.0)


def test_equal_scores_are_no_gain():
    found = by_name(compare_with_champion(candidate(BEFORE), champion("encdec-t2", BEFORE), SETTINGS))
    assert (found["champion-mean-difference"].found, found["champion-mean-difference"].passed) == (0.0, False)
    assert (found["champion-significance"].found, found["champion-significance"].passed) == (1.0, False)


@pytest.mark.parametrize(("margin", "passed"), [(0.0624, True), (0.0625, False), (0.0626, False)])
def test_the_mean_difference_must_be_strictly_above_the_margin(margin: float, passed: object):
    """1/16 is exact in binary, so that the threshold itself can be hit."""
    before = [0.5, 0.25, 0.125, 0.75, 0.625, 0.375]
    now = candidate([value + 0.0625 for value in before])
    settings = replace(SETTINGS, margin=margin)
    check = by_name(compare_with_champion(now, champion("encdec-t2", before), settings))
    assert check["champion-mean-difference"].passed is passed
    assert check["champion-mean-difference"].found == 0.0625


@pytest.mark.parametrize(("alpha", "passed"), [(0.0156, False), (0.015625, False), (0.0157, True)])
def test_p_must_be_strictly_below_alpha(alpha: float, passed: object):
    """Six patients that all gain: the exact one-sided p is 1/64 = 0.015625."""
    now = candidate([value + 0.01 * (place + 1) for place, value in enumerate(BEFORE)])
    check = by_name(compare_with_champion(now, champion("encdec-t2", BEFORE), replace(SETTINGS, alpha=alpha)))
    assert check["champion-significance"].found == 0.015625
    assert check["champion-significance"].passed is passed


def test_differences_are_averaged_per_patient_before_anything_else():
    patients = [1, 1, 1, 2, 3, 4]
    gains = [0.06, 0.03, 0.03, -0.01, 0.02, 0.05]
    before = table("encdec-t2", BEFORE, patients=patients)
    now = candidate([value + gain for value, gain in zip(BEFORE, gains, strict=True)], patients=patients)
    found = compare_with_champion(now, champion("encdec-t2", BEFORE, scores=before), SETTINGS)
    averaged = [0.04, -0.01, 0.02, 0.05]
    assert found.patients == 4
    assert found.examinations == 6
    assert found.mean_difference == pytest.approx(np.mean(averaged))
    assert found.p_value == pytest.approx(stats.wilcoxon(averaged, alternative="greater").pvalue)


def test_the_column_that_selects_is_the_one_compared():
    before = [replace(entry, ssim_3d_brain=0.1) for entry in table("encdec-t2", BEFORE)]
    held = champion("encdec-t2", BEFORE, scores=tuple(before))
    settings = replace(SETTINGS, select_by="ssim_3d_brain")
    assert compare_with_champion(candidate(BEFORE), held, settings).mean_difference > 0.5
    assert compare_with_champion(candidate(BEFORE), held, SETTINGS).mean_difference == 0


def test_the_same_model_is_recognised_by_its_digest_even_when_the_data_changed():
    held = champion("encdec-t1", BEFORE, digest="digest of encdec-t1", data_fingerprint="data-0")
    found = compare_with_champion(candidate(BEFORE), held, SETTINGS)
    assert [check.passed for check in found.checks] == [True]
    assert "is this very model" in found.checks[0].text
    assert found.mean_difference is None


def refused(now: ScoredModel, held: PresentChampion | None):
    found = compare_with_champion(now, held, SETTINGS)
    assert [(check.name, check.passed) for check in found.checks] == [("champion-comparable", False)]
    assert found.mean_difference is None
    assert found.p_value is None
    return found.checks[0].text


def test_scores_on_other_data_are_not_comparable():
    text = refused(candidate(BEFORE), champion("encdec-t2", BEFORE, data_fingerprint="data-0"))
    assert "was scored on data data-0, the candidate on data-1" in text


def test_scores_in_another_unit_are_not_comparable():
    rows = tuple(replace(entry, target_unit="relative") for entry in table("encdec-t2", BEFORE))
    assert "answers in relative" in refused(candidate(BEFORE), champion("encdec-t2", BEFORE, scores=rows))


def test_scores_with_another_dynamic_range_are_not_comparable():
    rows = tuple(replace(entry, data_range=20.0) for entry in table("encdec-t2", BEFORE))
    text = refused(candidate(BEFORE), champion("encdec-t2", BEFORE, scores=rows))
    assert "dynamic range of 20, the candidate with 25" in text


@pytest.mark.parametrize("holder", ["encdec-t1", "fcgan-t1"])
def test_other_examinations_are_not_comparable_and_are_named(holder: str):
    rows = (*table(holder, BEFORE[:5]), score(holder, 9, 0.5))
    text = refused(candidate(BEFORE), champion(holder, BEFORE, scores=rows))
    assert "different: e005, e009" in text


def test_an_unexplained_gap_between_different_combinations_is_named():
    text = refused(candidate(BEFORE, model="encdec-t1-t2"), champion("encdec-t2", BEFORE[:5]))
    assert "encdec-t2 lacks e005" in text


def test_a_gap_from_a_missing_sequence_leaves_the_shared_examinations():
    now = candidate(BEFORE[:5], model="encdec-t2-adc")
    found = compare_with_champion(now, champion("encdec-t2", BEFORE), SETTINGS)
    assert found.examinations == 5
    assert found.mean_difference == 0


def test_one_patient_cannot_decide():
    patients = [7] * 6
    held = champion("encdec-t2", BEFORE, scores=table("encdec-t2", BEFORE, patients=patients))
    assert "6 examinations of 1 patient; at least two" in refused(candidate(BEFORE, patients=patients), held)
