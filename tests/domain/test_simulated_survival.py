"""Simulated survival follows the hazard model that it states."""

import numpy as np
import pytest

from cbvsynth.domain.simulated_survival import MEDIAN_MONTHS, MODEL, RATIO_PER_ML, simulate_survival
from cbvsynth.domain.statistics.censored import as_follow, kaplan_meier
from cbvsynth.errors import DataError
from cbvsynth.survival.cox import fit_cox


def test_a_cox_model_of_many_patients_finds_what_was_put_in():
    rng = np.random.default_rng(1)
    cbv = rng.uniform(1, 9, 2000)
    found = simulate_survival(cbv, rng)
    model = fit_cox(as_follow(found.time_months, found.event), {"cbv": cbv, "age": found.age})
    assert np.exp(model.log_hazards) == pytest.approx([RATIO_PER_ML, 1.03], abs=0.03)
    assert (found.time_months >= 0.1).all()
    assert found.time_months.max() <= 48
    assert 0.1 < 1 - found.event.mean() < 0.6, "some are censored"


def test_the_usual_patient_has_the_stated_median():
    found = simulate_survival(np.full(4000, 4.0), np.random.default_rng(2))
    assert kaplan_meier(found.time_months, found.event).median == pytest.approx(MEDIAN_MONTHS, rel=0.12)
    assert "1.25 for 1 mL/100 g" in MODEL


def test_a_seed_gives_the_same_patients_and_no_lesion_is_refused():
    one, other = (simulate_survival([4.0, 5.0], np.random.default_rng(3)) for _ in range(2))
    assert (one.time_months == other.time_months).all()
    with pytest.raises(DataError, match="at least 1"):
        simulate_survival([], np.random.default_rng(3))
