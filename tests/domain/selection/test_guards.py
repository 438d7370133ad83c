"""Every guard below, at and above its threshold."""

from __future__ import annotations

from math import nan

import pytest

from cbvsynth.domain.selection.guards import baseline_scores, guard_checks
from cbvsynth.domain.selection.judging import draw_patients
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import ResultError
from tests.domain.selection.tables import table

EXAMS = [f"e{exam:03d}" for exam in range(12)]


def checks(
    ssim: float = 0.8,
    lesion: float | None = 0.5,
    exams: int = 12,
    unit: str = "mL/100g",
    baseline: tuple[float, float | None] = (0.5, 2.0),
    **settings: object,
):
    own = table("encdec-t1", [ssim] * exams, lesions=lesion)
    other = table("constant-mean", [baseline[0]] * exams, lesions=baseline[1])
    limits = GateSettings(bootstrap_samples=100, **settings)
    found = guard_checks(own, {"constant-mean": other}, draw_patients(own, limits), limits, unit)
    return {judged.check.name: judged.check for judged in found}


def test_a_good_model_fails_no_guard():
    found = checks()
    assert list(found) == [
        "enough-examinations",
        "beats-constant-mean-ssim",
        "beats-constant-mean-lesion-error",
        "brain-scale",
        "lesion-bias",
        "lesion-bias-in-lymphoma",
        "lesion-slope",
        "lesion-concordance",
        "lesion-texture",
        "discrimination",
        "hot-spot-discrimination",
    ]
    assert all(check.passed is not False for check in found.values())


@pytest.mark.parametrize(("exams", "passed"), [(9, False), (10, True), (11, True)])
def test_the_fewest_examinations_are_enough(exams: int, passed: object):
    check = checks(exams=exams, min_examinations=10)["enough-examinations"]
    assert (check.passed, check.found, check.limit) == (passed, exams, 10)


@pytest.mark.parametrize(("ssim", "passed"), [(0.5 - 1e-9, False), (0.5, False), (0.5 + 1e-9, True)])
def test_ssim_must_be_strictly_above_the_baseline(ssim: float, passed: object):
    assert checks(ssim=ssim)["beats-constant-mean-ssim"].passed is passed


@pytest.mark.parametrize("column", ["ssim_3d_brain", "ssim_2d_whole", "ssim_2d_brain"])
def test_the_baseline_is_met_in_the_column_that_selects(column: str):
    check = checks(select_by=column)["beats-constant-mean-ssim"]
    assert check.passed is True
    assert column in check.text


@pytest.mark.parametrize(("error", "passed"), [(1.875, True), (2.0, False), (2.125, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_lesion_error_must_be_strictly_below_the_baseline_whatever_its_sign(
    error: float, passed: object, sign: int
):
    assert checks(lesion=sign * error)["beats-constant-mean-lesion-error"].passed is passed


def test_without_any_lesion_the_lesion_guards_are_not_assessable_and_say_so():
    found = checks(lesion=None, baseline=(0.5, None))
    for name in ("beats-constant-mean-lesion-error", "lesion-bias", "lesion-slope", "discrimination"):
        assert found[name].passed is None
        assert found[name].text == "not assessable: no held-out examination has a lesion segmentation"
    assert found["beats-constant-mean-ssim"].passed is True


def test_a_mean_that_is_not_a_number_fails_and_is_recorded_as_none():
    found = checks(ssim=nan)["beats-constant-mean-ssim"]
    assert found.passed is False
    assert found.found is None
    assert checks(lesion=nan)["lesion-bias"].passed is False


def test_the_unit_of_the_limit_is_the_targets():
    assert "±1 mL/100 g" in checks()["lesion-bias"].text
    assert "±1 (relative CBV)" in checks(unit="relative")["lesion-bias"].text


def test_no_required_baseline_leaves_the_other_guards():
    own = table("encdec-t1", [0.8] * 12)
    limits = GateSettings(bootstrap_samples=100)
    found = guard_checks(own, {}, draw_patients(own, limits), limits, "mL/100g")
    assert not [judged for judged in found if judged.check.name.startswith("beats")]


def test_a_draw_holds_where_the_drawn_patients_mean_is_above_the_baselines():
    own = table("encdec-t1", [0.4, 0.8], patients=[0, 1])
    limits = GateSettings(bootstrap_samples=200)
    resamples = draw_patients(own, limits)
    found = guard_checks(own, {"flat": table("flat", [0.5] * 2)}, resamples, limits, "mL/100g")
    holds = next(judged.holds for judged in found if judged.check.name == "beats-flat-ssim")
    assert (holds == (resamples.weights[:, 1] > 0)).all()


def test_baselines_are_in_the_order_of_the_examinations():
    found = baseline_scores({"constant-mean": table("constant-mean", [0.5, 0.7, 0.9])}, ["e002", "e000"], ())
    assert [score.ssim_3d_whole for score in found["constant-mean"]] == [0.9, 0.5]


def test_a_required_baseline_that_was_not_scored_is_an_error():
    with pytest.raises(ResultError, match="'tissue-mean' is required and was not scored"):
        baseline_scores({"constant-mean": table("constant-mean", [0.5] * 12)}, EXAMS, ("tissue-mean",))


def test_a_baseline_that_lacks_an_examination_is_an_error_that_names_it():
    with pytest.raises(ResultError, match=r"was not scored on e010, e011; expected every one of the 12"):
        baseline_scores({"constant-mean": table("constant-mean", [0.5] * 10)}, EXAMS, ())
