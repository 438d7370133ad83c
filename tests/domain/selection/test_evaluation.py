"""SSIM selects, guards protect: the whole verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.evaluation import evaluate_sweep
from cbvsynth.domain.selection.records import Outcome, PresentChampion, ScoredModel
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import all_models
from cbvsynth.errors import ResultError, UnitError
from tests.domain.selection.tables import EVIDENCE, champion, constant_mean, scored, steady, table

SETTINGS = GateSettings(bootstrap_samples=200)


def judge(
    *models: ScoredModel,
    baselines: Mapping[str, Sequence[ExamScore]] | None = None,
    held: PresentChampion | None = None,
    settings: GateSettings = SETTINGS,
):
    return evaluate_sweep(models, baselines or constant_mean(), held, settings, EVIDENCE)


def test_the_best_by_ssim_is_promoted_when_there_is_no_champion():
    verdict = judge(steady("encdec-t1", 0.8), steady("encdec-t1c", 0.9)).verdict
    assert verdict.outcome is Outcome.PROMOTE
    assert verdict.promote
    assert verdict.candidate.model == "encdec-t1c"
    assert verdict.candidate.digest == "digest of encdec-t1c"
    assert verdict.champion is None
    assert verdict.refused == ()
    assert "there is no champion yet" in verdict.text


def test_a_model_that_is_best_by_ssim_and_wrong_in_the_lesion_is_refused_with_its_reasons():
    verdict = judge(steady("encdec-t1", 0.8), steady("encdec-t1c", 0.9, lesion=3.0)).verdict
    assert verdict.candidate.model == "encdec-t1"
    assert verdict.candidate.rank == 2
    assert [standing.model for standing in verdict.refused] == ["encdec-t1c"]
    failed = verdict.refused[0].failed
    assert {"beats-constant-mean-lesion-error", "lesion-bias", "lesion-bias-in-lymphoma"} <= set(failed)
    assert verdict.failed_guards == {"encdec-t1c": failed}


def test_models_below_the_candidate_are_not_among_the_refused():
    verdict = judge(steady("encdec-t1", 0.9), steady("encdec-t2", 0.4)).verdict
    assert verdict.refused == ()


def test_no_model_passes_is_a_result():
    evaluation = judge(steady("encdec-t1", 0.4), steady("encdec-t2", 0.3))
    verdict = evaluation.verdict
    assert verdict.outcome is Outcome.NO_MODEL_PASSES
    assert not verdict.promote
    assert verdict.candidate is None
    assert [standing.model for standing in verdict.refused] == ["encdec-t1", "encdec-t2"]
    assert verdict.champions_by_availability == {}
    assert "encdec-t1, fails: mean ssim_3d_whole 40.00 %" in verdict.text
    assert len(evaluation.rows) == 2


def test_the_champion_is_on_record_even_when_there_is_no_candidate():
    verdict = judge(steady("encdec-t1", 0.4), held=champion("encdec-t2", [0.6] * 12)).verdict
    assert verdict.outcome is Outcome.NO_MODEL_PASSES
    assert (verdict.champion.version, verdict.champion.checks) == (3, ())


def test_a_better_candidate_replaces_the_champion():
    held = champion("encdec-t2", [0.7 + 0.001 * exam for exam in range(12)])
    verdict = judge(steady("encdec-t1", 0.8), held=held).verdict
    assert verdict.outcome is Outcome.PROMOTE
    assert verdict.champion.mean_difference == pytest.approx(0.0945)
    assert "in place of version 3 (encdec-t2)" in verdict.text


def test_a_candidate_that_is_not_shown_to_be_better_leaves_the_champion():
    same = [0.7 + 0.01 * exam for exam in range(12)]
    verdict = judge(scored("encdec-t1", table("encdec-t1", same)), held=champion("encdec-t2", same)).verdict
    assert verdict.outcome is Outcome.NOT_BETTER
    assert not verdict.promote
    assert "Keep version 3 (encdec-t2)" in verdict.text


def test_a_champion_from_other_data_is_kept_because_nothing_can_be_compared():
    held = champion("encdec-t2", [0.6] * 12, data_fingerprint="data-0")
    verdict = judge(steady("encdec-t1", 0.8), held=held).verdict
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert not verdict.promote


def test_the_present_champion_is_not_promoted_again():
    held = champion("encdec-t1", [0.8] * 12, digest="digest of encdec-t1")
    verdict = judge(steady("encdec-t1", 0.8), held=held).verdict
    assert verdict.outcome is Outcome.ALREADY_CHAMPION
    assert not verdict.promote


def test_a_looser_gate_leaves_the_champion_and_what_serves_beside_it():
    """A refused model came to serve sets of sequences beside a champion that stayed the same."""
    held = champion("encdec-t1", [0.8] * 12, digest="digest of encdec-t1", settings=SETTINGS)
    loose = replace(SETTINGS, max_lesion_bias=10.0)
    verdict = judge(steady("encdec-t1", 0.8), held=held, settings=loose).verdict
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "and what serves beside it: the gate is looser" in verdict.text
    as_loose = replace(held, settings=loose)
    again = judge(steady("encdec-t1", 0.8), held=as_loose, settings=loose).verdict
    assert again.outcome is Outcome.ALREADY_CHAMPION


def test_too_few_examinations_stop_every_model():
    verdict = judge(steady("encdec-t1", 0.9, exams=9), baselines=constant_mean(exams=9)).verdict
    assert verdict.outcome is Outcome.NO_MODEL_PASSES
    assert "9 held-out examinations of 9 patients; at least 10" in verdict.text


def test_only_required_baselines_guard_and_all_are_on_record():
    baselines = {**constant_mean(), "tissue-mean": table("tissue-mean", [0.95] * 12, lesions=0.1)}
    assert not judge(steady("encdec-t1", 0.8), baselines=baselines).verdict.promote
    loose = replace(SETTINGS, required_baselines=("constant-mean",))
    verdict = judge(steady("encdec-t1", 0.8), baselines=baselines, settings=loose).verdict
    assert verdict.promote
    assert verdict.baselines["tissue-mean"]["select_by_mean"] == pytest.approx(0.95)


def test_a_loosened_gate_is_on_record_in_the_verdict_and_in_its_sentence():
    """`required_baselines=[]` and `max_lesion_bias=10` used to let a refused model through without a word."""
    loose = replace(SETTINGS, required_baselines=(), max_lesion_bias=10.0)
    verdict = judge(steady("encdec-t1", 0.8), settings=loose).verdict
    assert verdict.promote
    assert verdict.loosened == (
        "required_baselines lacks constant-mean, tissue-mean, tissue-mean-blind",
        "max_lesion_bias is 10, at most 1 expected",
    )
    assert "THE GATE WAS LOOSENED: required_baselines lacks" in verdict.text
    assert judge(steady("encdec-t1", 0.8)).verdict.loosened == ()


def test_what_the_data_could_not_answer_stands_in_the_verdicts_sentence():
    """Diagnoses that are named wrongly would disarm a guard without a word."""
    verdict = judge(steady("encdec-t1", 0.8)).verdict
    assert "Not answered by these data: lesion-slope, lesion-concordance, discrimination" in verdict.text


def test_a_loosened_gate_replaces_no_champion():
    held = champion("encdec-t2", [0.7 + 0.001 * exam for exam in range(12)])
    loose = replace(SETTINGS, max_lesion_bias=10.0)
    verdict = judge(steady("encdec-t1", 0.8), held=held, settings=loose).verdict
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "the gate is looser than the one of this release" in verdict.text
    passed_it = replace(held, settings=loose)
    assert judge(steady("encdec-t1", 0.8), held=passed_it, settings=loose).verdict.promote
    looser_still = replace(loose, max_scale_error=0.5)
    verdict = judge(steady("encdec-t1", 0.8), held=passed_it, settings=looser_still).verdict
    assert "max_scale_error is 0.5, at most 0.1 expected" in verdict.text
    assert not verdict.promote


def test_winners_by_availability_pass_the_guards_and_the_full_set_gets_the_candidate():
    rng = np.random.default_rng(11)
    for _ in range(5):
        models = [
            steady(model.slug, float(rng.uniform(0.45, 0.9)), lesion=float(rng.normal(0, 1)))
            for model in all_models()
        ]
        verdict = judge(*models).verdict
        passing = {
            entry.model.slug
            for entry in models
            if entry.scores[0].ssim_3d_whole > 0.5 and abs(entry.scores[0].lesion_cbv_synthetic - 5.0) <= 1.0
        }
        assert set(verdict.champions_by_availability.values()) <= passing
        assert verdict.champions_by_availability["t1-t2-t1c-flair-adc"] == verdict.candidate.model


def test_the_optimism_of_the_best_of_many_is_on_record_and_zero_for_one():
    rng = np.random.default_rng(12)
    names = ("encdec-t1", "encdec-t2", "encdec-t1c", "encdec-adc")
    models = [scored(name, table(name, list(rng.uniform(0.6, 0.9, 12)))) for name in names]
    assert judge(*models).verdict.optimism > 0
    assert judge(models[0]).verdict.optimism == 0.0


def test_the_same_tables_give_the_same_verdict_in_whatever_order_the_models_come():
    rng = np.random.default_rng(13)
    names = ("encdec-t1", "encdec-t2", "fcgan-t1")
    models = [scored(name, table(name, list(rng.uniform(0.6, 0.9, 12)))) for name in names]
    first, second = judge(*models).verdict, judge(*reversed(models)).verdict
    assert first == second


def test_leaders_are_the_top_ten_in_order():
    models = [steady(model.slug, 0.6 + 0.001 * place) for place, model in enumerate(all_models()[:15])]
    leaders = judge(*models).verdict.leaders
    assert [leader.rank for leader in leaders] == list(range(1, 11))
    assert [leader.model for leader in leaders] == [entry.model.slug for entry in models[::-1][:10]]


def test_without_models_there_is_nothing_to_judge():
    with pytest.raises(ResultError, match="no models to evaluate"):
        judge()


def test_units_never_meet_in_a_gate():
    rows = [replace(entry, target_unit="relative") for entry in table("encdec-t2", [0.8] * 12)]
    with pytest.raises(UnitError, match="target unit"):
        judge(steady("encdec-t1", 0.8), scored("encdec-t2", rows, target_unit="relative"))
