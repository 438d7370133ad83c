"""Discrimination at a horizon, against timeROC 0.4, riskRegression 2022.11 and nricens 1.6 (R 4.2.2).

The known answers: ``timeROC(time, event, cbv, cause = 1, weighting = "marginal", times = 12.5, iid = TRUE)``
with ``compare``, and for equal times ``riskRegression::Score(..., metrics = "auc", cens.model = "km")``.
"""

import numpy as np
import pytest

from cbvsynth.domain.statistics.horizon import compare_horizon_auc, horizon_auc, horizon_reclassification
from cbvsynth.domain.statistics.roc import auc, compare_auc
from cbvsynth.errors import DataError
from tests.domain.statistics.follow_up import AGE, CBV_REAL, CBV_SYNTHETIC, EVENT, SPREAD_TIME, TIME
from tests.domain.statistics.test_reclassification import FIRST, SECOND, TRUTH

WITHOUT = 1 / (1 + np.exp(-(np.array(AGE) - 58) / 10))
WITH_CBV = 1 / (1 + np.exp(-(np.array(AGE) - 58) / 10 - (np.array(CBV_SYNTHETIC) - 3) / 4))


@pytest.mark.parametrize(
    ("horizon", "real", "synthetic", "p_value"),
    [
        (6.5, (0.772378516624041, 0.0863591567525160),
         (0.679028132992327, 0.0954742191295099), 0.0373578151096883),
        (12.5, (0.674287878787879, 0.0917798040344654),
         (0.631545454545455, 0.1014209879762815), 0.4817557832801792),
        (20.5, (0.640080547280150, 0.1018571539808686),
         (0.521398819375483, 0.1275992342973351), 0.0286112145291392),
    ],
)  # fmt: skip
def test_areas_and_their_difference_give_the_known_answers(horizon, real, synthetic, p_value):
    for cbv, known in ((CBV_REAL, real), (CBV_SYNTHETIC, synthetic)):
        found = horizon_auc(SPREAD_TIME, EVENT, cbv, horizon)
        assert (found.auc, found.standard_error) == pytest.approx(known, abs=1e-9)
    found = compare_horizon_auc(SPREAD_TIME, EVENT, CBV_REAL, CBV_SYNTHETIC, horizon)
    assert found.difference == pytest.approx(synthetic[0] - real[0], abs=1e-9)
    assert found.p_value == pytest.approx(p_value, abs=1e-9)


@pytest.mark.parametrize(
    ("horizon", "area"), [(6, 0.772378516624041), (12, 0.675126875551633), (20, 0.638204559848005)]
)
def test_an_event_comes_before_a_censoring_at_the_same_time(horizon, area):
    """The area is that of both R packages; their standard errors differ from each other in such data."""
    assert horizon_auc(TIME, EVENT, CBV_REAL, horizon).auc == pytest.approx(area, abs=1e-9)


def test_reclassification_gives_the_known_answers():
    """``nricens(p.std = , p.new = , t0 = 12.5, updown = "diff", cut = 0, point.method = "ipw")``; for the IDI
    the same weights by ``survfit(Surv(time, 1 - event) ~ 1)``, summed up by hand."""
    found = horizon_reclassification(SPREAD_TIME, EVENT, WITHOUT, WITH_CBV, 12.5)
    assert found.nri.difference == pytest.approx(0.544727272727273, abs=1e-9)
    assert (found.nri_cases, found.nri_controls) == pytest.approx((0.272, 0.272727272727273), abs=1e-9)
    assert found.idi.difference == pytest.approx(0.0345286573344434, abs=1e-9)


@pytest.mark.parametrize("measure", ["nri", "idi", "auc"])
def test_standard_errors_are_near_those_of_the_jackknife(measure):
    """Leaving each patient out in turn, censored ones too: another way to the same spread."""
    places = np.arange(len(TIME))

    def value(chosen):
        table = [np.array(column)[chosen] for column in (SPREAD_TIME, EVENT, WITHOUT, WITH_CBV)]
        if measure == "auc":
            return compare_horizon_auc(*table, 12.5)
        return getattr(horizon_reclassification(*table, 12.5), measure)

    left_out = [value(places != place).difference for place in places]
    jackknife = np.sqrt((len(TIME) - 1) * np.var(left_out))
    assert value(places).standard_error == pytest.approx(jackknife, rel=0.1)


def test_without_censoring_it_is_the_uncensored_statistic():
    """Standard errors divide by n - 1 where DeLong's divides by that of each group: near, not equal."""
    time = [5 if yes else 15 for yes in TRUTH]
    event = [1] * len(TRUTH)
    found = horizon_auc(time, event, SECOND, 10)
    assert (found.auc, found.cases, found.controls) == (pytest.approx(0.9, abs=1e-12), 8, 10)
    assert found.standard_error**2 == pytest.approx(auc(TRUTH, SECOND).variance, rel=0.1)
    z = compare_horizon_auc(time, event, FIRST, SECOND, 10).z
    assert z == pytest.approx(compare_auc(TRUTH, SECOND, FIRST).z, rel=0.05)
    improved = horizon_reclassification(time, event, FIRST, SECOND, 10)
    assert (improved.nri.difference, improved.idi.difference) == pytest.approx((1.55, 0.1715), abs=1e-12)
    # Hmisc::improveProb's standard error of the NRI divides by each group's size.
    assert improved.nri.standard_error == pytest.approx(0.3011436534281 * np.sqrt(18 / 17), abs=1e-9)


def test_who_was_censored_by_the_horizon_moves_no_area_but_by_the_weights():
    found = horizon_auc([1, 2, 3, 9, 9], [1, 0, 1, 0, 0], [9, 0, 1, 5, 5], 5)
    # One of three was censored between the two cases: the later one counts 4/3 of the earlier.
    assert found.auc == pytest.approx((1 * 1 + 4 / 3 * 0) / (1 + 4 / 3), abs=1e-12)
    assert (found.cases, found.controls) == (2, 2)


@pytest.mark.parametrize(
    ("time", "risk", "horizon", "message"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 4, "At 4 there are 4 patients with the event and 0 followed beyond"),
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.5, "0 patients with the event"),
        ([1, 2, 3, 4], [1, 2], 2, "2 risks for 4 patients"),
    ],
)
def test_a_horizon_without_cases_or_controls_is_refused(time, risk, horizon, message):
    with pytest.raises(DataError, match=message):
        horizon_auc(time, [1] * 4, risk, horizon)


def test_only_probabilities_can_be_reclassified():
    with pytest.raises(DataError, match="holds 62"):
        horizon_reclassification([1, 2, 3, 4], [1] * 4, [0.1] * 4, [0.1, 0.2, 62, 0.4], 2)
