"""Models are ranked on the examinations that all of them could be scored on."""

from __future__ import annotations

import statistics
from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbvsynth.domain.selection.leaderboard import (
    HIGHER_IS_BETTER,
    column_values,
    common_examinations,
    leaderboard,
    rank_models,
    rerank,
)
from cbvsynth.domain.selection.records import ScoredModel
from cbvsynth.domain.sequences import ModelId, Sequence, all_models
from cbvsynth.errors import ResultError, UnitError, UsageError
from tests.domain.selection.tables import flat, score, scored, table


def test_means_and_deviations_agree_with_the_standard_library_in_every_column():
    rng = np.random.default_rng(1)
    lesions = [None if place % 3 == 0 else float(value) for place, value in enumerate(rng.normal(size=9))]
    scores = table("encdec-t1", [float(value) for value in rng.uniform(0.5, 1, 9)], lesions=lesions)
    row = leaderboard([scored("encdec-t1", scores)], "ssim_3d_whole")[0]
    with_lesion = [entry for entry in scores if entry.lesion_cbv_real == entry.lesion_cbv_real]
    bias = [entry.lesion_cbv_synthetic - entry.lesion_cbv_real for entry in with_lesion]
    expected = {
        "lesion_bias": bias,
        "lesion_error": [abs(value) for value in bias],
        "mae_lesion": [entry.mae_lesion for entry in with_lesion],
    }
    for column in HIGHER_IS_BETTER:
        values = expected.get(column) or [getattr(entry, column) for entry in scores]
        assert row.mean[column] == pytest.approx(statistics.fmean(values), abs=1e-12)
        assert row.sd[column] == pytest.approx(statistics.stdev(values), abs=1e-12)
    assert (row.examinations, row.lesion_examinations, row.patients) == (9, 6, 9)


def test_patients_are_counted_once_however_often_they_came():
    scores = table("encdec-t1", [0.8, 0.9, 0.7], patients=[1, 1, 2])
    assert leaderboard([scored("encdec-t1", scores)], "ssim_3d_whole")[0].patients == 2


def test_without_lesions_the_lesion_columns_are_nan_and_the_others_are_not():
    row = leaderboard([flat("encdec-t1", 0.8, lesion=None)], "ssim_3d_whole")[0]
    assert row.lesion_examinations == 0
    assert all(np.isnan(row.mean[name]) for name in ("lesion_bias", "lesion_error", "mae_lesion"))
    assert row.mean["ssim_3d_whole"] == pytest.approx(0.8)


def test_a_single_examination_has_a_mean_and_no_deviation():
    row = leaderboard([flat("encdec-t1", 0.8, exams=1)], "ssim_3d_whole")[0]
    assert row.mean["mae_brain"] == pytest.approx(1.2)
    assert np.isnan(row.sd["mae_brain"])


def test_one_nan_makes_the_mean_nan_and_the_model_last():
    broken = scored("encdec-t1c", table("encdec-t1c", [0.99, nan]))
    rows = leaderboard([broken, flat("encdec-t1", 0.1, exams=2)], "ssim_3d_whole")
    assert [row.model for row in rows] == ["encdec-t1", "encdec-t1c"]
    assert [row.rank for row in rows] == [1, 2]


def test_equal_means_prefer_fewer_sequences_and_then_the_name():
    models = ["fcgan-t1", "encdec-t1-t2", "encdec-t2", "encdec-t1"]
    ranked = rank_models({ModelId.parse(model): 0.8 for model in models})
    assert [model.slug for model in ranked] == ["encdec-t1", "encdec-t2", "fcgan-t1", "encdec-t1-t2"]


@given(st.dictionaries(st.sampled_from(all_models()), st.sampled_from([0.1, 0.2, 0.3]), min_size=1))
def test_ranking_is_a_permutation_in_falling_order_and_does_not_depend_on_the_input_order(
    means: dict[ModelId, float],
):
    ranked = rank_models(means)
    assert set(ranked) == set(means)
    assert [means[model] for model in ranked] == sorted(means.values(), reverse=True)
    assert ranked == rank_models(dict(reversed(means.items())))


def test_errors_rank_from_small_to_large_and_a_bias_by_its_size():
    rows = leaderboard(
        [flat("encdec-t1", 0.9, lesion=-2.0), flat("encdec-t2", 0.8, lesion=1.0)], "ssim_3d_whole"
    )
    assert rows[0].model == "encdec-t1"
    for column in ("lesion_bias", "lesion_error", "mae_lesion"):
        assert [row.model for row in rerank(rows, column)] == ["encdec-t2", "encdec-t1"]
    assert [row.rank for row in rerank(rows, "mae_lesion")] == [1, 2]
    assert rerank(rows, "psnr_brain")[0].model == "encdec-t1"


def test_an_unknown_column_is_named():
    rows = leaderboard([flat("encdec-t1", 0.9)], "ssim_3d_whole")
    with pytest.raises(UsageError, match="'beauty' is not a column"):
        rerank(rows, "beauty")
    with pytest.raises(UsageError, match="'beauty' is not a column"):
        column_values([score("encdec-t1", 0, 0.5)], "beauty")


def test_a_model_may_lack_examinations_without_its_sequences_and_all_are_ranked_on_the_rest():
    everywhere = scored("encdec-t1", table("encdec-t1", [0.9, 0.9, 0.1]))
    without_third = scored("encdec-t1-adc", table("encdec-t1-adc", [0.8, 0.8]))
    rows = leaderboard([everywhere, without_third], "ssim_3d_whole")
    assert [row.examinations for row in rows] == [2, 2]
    assert rows[0].model == "encdec-t1"
    assert rows[0].mean["ssim_3d_whole"] == pytest.approx(0.9)


def test_a_gap_that_no_missing_sequence_explains_is_refused_by_name():
    """t2 and t1c were read in e002, so a model of both cannot lack it for want of a sequence."""
    tables = {
        "encdec-t2": ["e000", "e001", "e002"],
        "encdec-t1c": ["e000", "e001", "e002"],
        "encdec-t2-t1c": ["e000", "e001"],
    }
    with pytest.raises(ResultError, match=r"encdec-t2-t1c lacks e002\. Every model must"):
        common_examinations({ModelId.parse(model): exams for model, exams in tables.items()})


def test_two_algorithms_of_one_combination_must_have_the_same_examinations():
    with pytest.raises(ResultError, match="fcgan-t1 lacks e001"):
        leaderboard([flat("encdec-t1", 0.9, exams=2), flat("fcgan-t1", 0.8, exams=1)], "ssim_3d_whole")


def test_models_that_share_no_examination_are_refused():
    other = scored("encdec-t2", [score("encdec-t2", 9, 0.8)])
    with pytest.raises(ResultError, match="No held-out examination is common to all 2 models"):
        leaderboard([flat("encdec-t1", 0.9, exams=1), other], "ssim_3d_whole")


@settings(max_examples=60)
@given(
    st.lists(st.sets(st.sampled_from(Sequence), min_size=1), min_size=1, max_size=8),
    st.sets(st.sampled_from(all_models()), min_size=1, max_size=8),
)
def test_gaps_from_missing_sequences_are_never_refused_and_the_common_set_is_the_intersection(
    acquired: list[set[Sequence]], models: ScoredModel
):
    tables = {
        model: [f"e{place}" for place, found in enumerate(acquired) if model.combination.usable_with(found)]
        for model in models
    }
    expected = sorted(set.intersection(*(set(exams) for exams in tables.values())))
    if expected:
        assert list(common_examinations(tables)) == expected
    else:
        with pytest.raises(ResultError, match="No held-out examination is common"):
            common_examinations(tables)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"target_unit": "relative"}, UnitError, "target unit .*encdec-t1; relative: encdec-t2"),
        ({"data_range": 20.0}, ResultError, r"dynamic range \(25: encdec-t1; 20: encdec-t2\)"),
        ({"data_fingerprint": "data-2"}, ResultError, "data fingerprint"),
        ({"preprocessing_version": "2"}, ResultError, "preprocessing version"),
        ({"ssim_conventions": {"ssim_3d_whole": "another"}}, ResultError, "SSIM convention"),
    ],
)
def test_models_made_or_measured_differently_never_meet(
    change: dict[str, object], error: type[Exception], words: str
):
    fields = {name: value for name, value in change.items() if name in ("target_unit", "data_range")}
    rows = [replace(entry, **fields) for entry in table("encdec-t2", [0.8, 0.9])]
    with pytest.raises(error, match=words):
        leaderboard([flat("encdec-t1", 0.9, exams=2), scored("encdec-t2", rows, **change)], "ssim_3d_whole")


def test_rows_of_another_model_and_double_rows_are_refused():
    with pytest.raises(ResultError, match=r"the row of e000 says .'encdec-t2'"):
        leaderboard([scored("encdec-t1", table("encdec-t2", [0.5]))], "ssim_3d_whole")
    twice = [*table("encdec-t1", [0.5]), *table("encdec-t1", [0.6])]
    with pytest.raises(ResultError, match="e000 is scored twice"):
        leaderboard([scored("encdec-t1", twice)], "ssim_3d_whole")
