"""Cox models, against survival 3.5 (R 4.2.2): ``coxph(Surv(time, event) ~ age + grade + cbv_synthetic)``."""

import numpy as np
import pytest

from cbvsynth.domain.statistics.censored import as_follow
from cbvsynth.errors import DataError
from cbvsynth.survival.cox import fit_cox, likelihood_ratio
from tests.domain.statistics.follow_up import AGE, CBV_SYNTHETIC, EVENT, HIGH_GRADE, TIME

FOLLOW = as_follow(TIME, EVENT)
CLINICAL = {"age": np.array(AGE, dtype=float), "grade": np.array(HIGH_GRADE, dtype=float)}
WITH_CBV = {**CLINICAL, "cbv": np.array(CBV_SYNTHETIC)}


def test_a_model_of_three_covariates_gives_the_known_answers():
    model = fit_cox(FOLLOW, WITH_CBV)
    assert model.log_hazards == pytest.approx(
        [0.063754092417121, 0.914385757565054, 0.181576992462095], abs=1e-9
    )
    assert model.standard_errors == pytest.approx(
        [0.0219627572212363, 0.4166919940507758, 0.0820984004337678], abs=1e-9
    )
    assert model.log_likelihood == pytest.approx(-85.3353671566083, abs=1e-9)
    assert model.null_log_likelihood == pytest.approx(-95.3956956294934, abs=1e-9)


def test_the_likelihood_ratio_test_gives_the_known_answer():
    """``anova(coxph(... ~ age + grade), coxph(... ~ age + grade + cbv_synthetic))``"""
    smaller, larger = fit_cox(FOLLOW, CLINICAL), fit_cox(FOLLOW, WITH_CBV)
    found = likelihood_ratio(smaller, larger)
    assert (found.chi_squared, found.p_value) == pytest.approx(
        (4.87826857553671, 0.0271968870674983), abs=1e-9
    )
    assert found.degrees == 1
    assert likelihood_ratio(None, larger).chi_squared == pytest.approx(
        2 * (95.3956956294934 - 85.3353671566083), abs=1e-9
    )
    with pytest.raises(DataError, match="expected nested models"):
        likelihood_ratio(larger, smaller)


def test_the_risk_by_a_horizon_gives_the_known_answers():
    """``1 - summary(survfit(model, newdata = d, ctype = 1, stype = 2), times = 12)$surv``.

    statsmodels' own cumulative hazard lacked the events of the horizon itself.
    """
    assert fit_cox(FOLLOW, CLINICAL).risk_by(12)[:3] == pytest.approx(
        [0.599743330931081, 0.733510533708445, 0.907559619455319], abs=1e-9
    )
    model = fit_cox(FOLLOW, WITH_CBV)
    assert model.risk_by(12)[:3] == pytest.approx(
        [0.740722226436559, 0.937232046316094, 0.874279401850525], abs=1e-9
    )
    assert (model.risk_by(0.5) == 0).all()


def test_units_do_not_count():
    model = fit_cox(FOLLOW, WITH_CBV)
    other = fit_cox(FOLLOW, {**WITH_CBV, "cbv": 1e4 + 1e-3 * WITH_CBV["cbv"]})
    assert other.log_hazards[2] == pytest.approx(1000 * model.log_hazards[2], rel=1e-6)
    assert other.log_likelihood == pytest.approx(model.log_likelihood, abs=1e-9)
    assert other.risk_by(12) == pytest.approx(model.risk_by(12), abs=1e-6)


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        ({"cbv": np.ones(40)}, "cbv is the same for all 40 patients"),
        ({"age": CLINICAL["age"], "twice": 2 * CLINICAL["age"]}, "follows from the others"),
        ({"soon": -np.array(TIME, dtype=float)}, "no finite estimate"),
        (
            {f"x{number}": np.random.default_rng(number).normal(size=40) for number in range(32)},
            "32 events for 32",
        ),
    ],
)
def test_what_has_no_estimate_is_refused(covariates, message):
    with pytest.raises(DataError, match=message):
        fit_cox(FOLLOW, covariates)


@pytest.mark.parametrize(("patients", "events"), [(15, 2), (30, 9)])
def test_information_that_ran_out_of_digits_is_no_certainty(patients, events):
    """A hazard ratio of 6e81 with an interval of no width and p = 0 was told of one study in forty."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cbv = rng.uniform(2, 10, patients)
        event = np.isin(np.arange(patients), rng.choice(patients, events, replace=False))
        follow = as_follow(12 - cbv + rng.uniform(0, 0.01, patients), event)  # more CBV, earlier death
        with pytest.raises(DataError, match="no finite estimate"):
            fit_cox(follow, {"cbv": cbv})
