"""Folds: all patients held out once, judged together and apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.folds import Fold, report_folds
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import all_combinations
from cbvsynth.errors import ResultError
from tests.domain.selection.tables import constant_mean, scored, table

SETTINGS = GateSettings(bootstrap_samples=200)


def _moved(scores: tuple[ExamScore, ...], fold: int) -> tuple[ExamScore, ...]:
    """The same scores of other patients."""
    return tuple(
        replace(one, exam_id=f"f{fold}-{one.exam_id}", subject_id=f"f{fold}-{one.subject_id}")
        for one in scores
    )


def fold(number: int, **ssims: float) -> Fold:
    """Six patients; each model of a fold has data of its own."""
    models = tuple(
        replace(scored(slug, _moved(table(slug, [ssim] * 6), number)), data_fingerprint=f"{number}" * 64)
        for slug, ssim in ((name.replace("_", "-"), value) for name, value in ssims.items())
    )
    baselines = {name: _moved(found[:6], number) for name, found in constant_mean().items()}
    return Fold(models, baselines)


def test_the_winner_of_all_is_told_with_the_share_of_folds_in_which_it_is_best() -> None:
    found = report_folds(
        [fold(number, encdec_t1=0.9, encdec_t2=second) for number, second in enumerate((0.8, 0.8, 0.92), 1)],
        SETTINGS,
    )
    assert (found.winner, found.patients, found.examinations) == ("encdec-t1", 18, 18)
    assert found.share == pytest.approx(2 / 3)
    assert [one.best for one in found.results] == ["encdec-t1", "encdec-t1", "encdec-t2"]
    assert "encdec-t1 wins on all of them together and in 2 of 3 folds (67 %)" in found.text


def test_a_winner_below_ten_refused_models_is_seen_in_each_fold() -> None:
    """Of each fold the ten best by SSIM alone were looked at."""
    slugs = [pattern.slug for pattern in all_combinations()[:12]]

    def made(number: int) -> Fold:
        ssims = {f"encdec_{slug}": 0.95 - 0.005 * rank for rank, slug in enumerate(slugs)}
        whole = fold(number, **ssims)
        too_bright = [
            replace(
                one, scores=tuple(replace(s, lesion_cbv_synthetic=s.lesion_cbv_real + 5) for s in one.scores)
            )
            for one in whole.models[:10]
        ]
        return Fold((*too_bright, *whole.models[10:]), whole.baselines)

    found = report_folds([made(number) for number in (1, 2, 3)], SETTINGS)
    assert found.winner == f"encdec-{slugs[10]}"
    assert (found.share, {one.best for one in found.results}) == (1.0, {found.winner})


def test_a_fold_too_small_for_the_gate_promotes_nobody_and_still_counts() -> None:
    """Six examinations are fewer than the gate asks for; eighteen are enough."""
    found = report_folds([fold(number, encdec_t1=0.9) for number in (1, 2, 3)], SETTINGS)
    assert [one.candidate for one in found.results] == ["", "", ""]
    assert (found.winner, found.share) == ("encdec-t1", 1.0)
    assert found.text.endswith("On a fold alone the gate would promote a model in 0 of 3.")


def test_where_no_model_passes_on_all_there_is_no_winner() -> None:
    found = report_folds([fold(number, encdec_t1=0.3) for number in (1, 2)], SETTINGS)
    assert (found.winner, found.share) == ("", None)
    assert "no model passes every guard on all of them" in found.text
    assert "beats-constant-mean-ssim" in found.failed["encdec-t1"]


def test_one_fold_and_folds_of_different_models_are_refused() -> None:
    with pytest.raises(ResultError, match="1 fold; expected two or more"):
        report_folds([fold(1, encdec_t1=0.9)], SETTINGS)
    with pytest.raises(ResultError, match="different models"):
        report_folds([fold(1, encdec_t1=0.9), fold(2, encdec_t2=0.9)], SETTINGS)
