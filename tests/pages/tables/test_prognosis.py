"""Rows of prognosis fit their headers; what could not be computed is a dash, and empty for machines."""

import pytest

from cbvsynth.pages.tables import prognosis as rows
from cbvsynth.survival.prognosis import analyse_prognosis
from tests.survival.test_prognosis import table


@pytest.fixture(scope="module")
def result():
    return analyse_prognosis(table(), [12, 60])


def test_rows_fit_their_headers(result):
    for header, found in (
        (rows.GROUP_HEADER, rows.group_rows(result, "mL/100 g")),
        (rows.RATIO_HEADER, rows.ratio_rows(result)),
        (rows.model_header(result), rows.model_rows(result)),
        (rows.DIFFERENCE_HEADER, rows.difference_rows(result)),
        (rows.COX_CSV, list(rows.cox_csv(result))),
        (rows.MODEL_CSV, list(rows.model_csv(result))),
        (rows.DIFFERENCE_CSV, list(rows.difference_csv(result))),
        (rows.CURVE_CSV, list(rows.curve_csv(result))),
    ):
        assert found
        assert {len(row) for row in found} == {len(header)}, header


def test_a_horizon_without_an_answer_is_dashes_for_people_and_empty_for_machines(result):
    (_, at_60, *_) = rows.difference_rows(result)
    assert at_60[2] == "60"
    assert set(at_60[5:]) == {"–"}
    (_, at_60, *_) = rows.difference_csv(result)
    assert set(at_60[7:]) == {None}
    assert {row[-1] for row in rows.model_rows(result)} == {"–"}


def test_numbers_stand_below_their_names(result):
    """``coxph``, ``anova`` and ``nricens`` of R name the same."""
    (cox, *_) = [row for row in rows.cox_csv(result) if row[1] == "synthetic CBV" and "clinical" in row[0]]
    named = dict(zip(rows.COX_CSV, cox, strict=True))
    assert (named["low"], named["high"]) == pytest.approx((1.02088212749570, 1.40844590360516), abs=1e-9)
    models = [dict(zip(rows.MODEL_CSV, row, strict=True)) for row in rows.model_csv(result)]
    assert models[4]["lr_p"] == pytest.approx(0.0271968870674983, abs=1e-9)
    assert (models[4]["horizon_months"], models[4]["cases"], models[4]["controls"]) == (12, 25, 11)
    (first, *_) = rows.difference_csv(result)
    named = dict(zip(rows.DIFFERENCE_CSV, first, strict=True))
    assert named["nri"] == pytest.approx(named["nri_cases"] + named["nri_controls"], abs=1e-12)
    assert named["c_difference"] == pytest.approx(0.039085545722713944, abs=1e-9)
    assert named["idi_z"] == pytest.approx(named["idi"] / named["idi_se"], abs=1e-12)
