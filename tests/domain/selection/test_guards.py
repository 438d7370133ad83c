"""Every guard below, at and above its threshold."""

from __future__ import annotations

from math import nan

import pytest

from cbvsynth.domain.selection.guards import baseline_rows, guard_checks
from cbvsynth.domain.selection.leaderboard import summarise
from cbvsynth.domain.selection.records import GateSettings
from cbvsynth.errors import ResultError
from tests.domain.selection.tables import table

EXAMS = [f"e{exam:03d}" for exam in range(12)]


def checks(
    ssim: float = 0.8,
    lesion: float | None = 0.5,
    exams: int = 12,
    unit: str = "mL/100g",
    baseline: tuple[float, float | None] = (0.5, 2.0),
    **settings: GateSettings,
):
    row = summarise("encdec-t1", table("encdec-t1", [ssim] * exams, lesions=lesion))
    other = summarise("constant-mean", table("constant-mean", [baseline[0]] * exams, lesions=baseline[1]))
    found = guard_checks(row, {"constant-mean": other}, GateSettings(**settings), unit)
    return {check.name: check for check in found}


def test_a_good_model_passes_every_guard():
    found = checks()
    assert list(found) == [
        "enough-examinations",
        "beats-constant-mean-ssim",
        "beats-constant-mean-lesion-error",
        "lesion-bias",
    ]
    assert all(check.passed is True for check in found.values())


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


@pytest.mark.parametrize(("bias", "passed"), [(0.75, True), (1.0, True), (1.25, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_lesion_bias_may_reach_its_limit_on_either_side(bias: float, passed: object, sign: int):
    check = checks(lesion=sign * bias, max_lesion_bias=1.0)["lesion-bias"]
    assert check.passed is passed
    assert check.found == sign * bias


def test_errors_of_opposite_sign_cancel_in_the_bias_but_not_in_the_error():
    lesions = [3.0, -3.0] * 6
    row = summarise("encdec-t1", table("encdec-t1", [0.8] * 12, lesions=lesions))
    other = summarise("constant-mean", table("constant-mean", [0.5] * 12, lesions=2.0))
    found = {
        check.name: check for check in guard_checks(row, {"constant-mean": other}, GateSettings(), "mL/100g")
    }
    assert found["lesion-bias"].passed is True
    assert found["beats-constant-mean-lesion-error"].passed is False


def test_without_any_lesion_the_lesion_guards_are_not_assessable_and_say_so():
    found = checks(lesion=None, baseline=(0.5, None))
    for name in ("beats-constant-mean-lesion-error", "lesion-bias"):
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


def test_no_required_baseline_leaves_two_guards():
    row = summarise("encdec-t1", table("encdec-t1", [0.8] * 12))
    names = [check.name for check in guard_checks(row, {}, GateSettings(), "mL/100g")]
    assert names == ["enough-examinations", "lesion-bias"]


def test_baselines_are_averaged_over_the_given_examinations_only():
    rows = baseline_rows({"constant-mean": table("constant-mean", [0.5, 0.7, 0.9])}, ["e000", "e002"], ())
    assert rows["constant-mean"].mean["ssim_3d_whole"] == pytest.approx(0.7)
    assert rows["constant-mean"].examinations == 2


def test_a_required_baseline_that_was_not_scored_is_an_error():
    with pytest.raises(ResultError, match="'tissue-mean' is required and was not scored"):
        baseline_rows({"constant-mean": table("constant-mean", [0.5] * 12)}, EXAMS, ("tissue-mean",))


def test_a_baseline_that_lacks_an_examination_is_an_error_that_names_it():
    with pytest.raises(ResultError, match=r"was not scored on e010, e011; expected every one of the 12"):
        baseline_rows({"constant-mean": table("constant-mean", [0.5] * 10)}, EXAMS, ())
