"""Simulated survival, to show the tables of prognosis at work before anyone has been followed up.

The hazard model is stated and is a choice: each patient's hazard is constant in time and rises with the
lesion's real CBV and with age. How much CBV tells of prognosis is therefore what was put in, and says nothing
about patients. What can be seen is how much of it a synthetic map keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.statistics.samples import BoolArray, Float64Array, Values, as_sample

MEDIAN_MONTHS = 18.0
"""Median survival of a patient of the usual age whose lesion has the usual CBV."""
USUAL_CBV_ML_PER_100G = 4.0
USUAL_AGE = 58.0
RATIO_PER_ML = 1.25
"""Hazard ratio of 1 mL/100 g more."""
RATIO_PER_YEAR = 1.03
"""Hazard ratio of one year more."""
SHORTEST_MONTHS, LONGEST_MONTHS = 6.0, 48.0
"""Follow-up ends evenly between these."""
MODEL = (
    f"hazard constant in time, median survival {MEDIAN_MONTHS:g} months at {USUAL_CBV_ML_PER_100G:g} mL/100 "
    f"g and {USUAL_AGE:g} years; hazard ratio {RATIO_PER_ML:g} for 1 mL/100 g of real lesion CBV more and "
    f"{RATIO_PER_YEAR:g} for one year of age more; follow-up ends evenly between {SHORTEST_MONTHS:g} and "
    f"{LONGEST_MONTHS:g} months, whatever the hazard"
)
"""All of it in words."""


@dataclass(frozen=True, eq=False)
class SimulatedSurvival:
    """(n,) each: age in whole years, months of follow-up to a tenth, whether the event came."""

    age: Float64Array
    time_months: Float64Array
    event: BoolArray


def simulate_survival(real_cbv: Values, rng: np.random.Generator) -> SimulatedSurvival:
    """Draw age and survival of patients with these lesions.

    Args:
        real_cbv: (n,) mean CBV of the lesion in the real map, mL/100 g.
        rng: source of everything that is drawn.

    Raises:
        DataError: no lesion, or a CBV that is not finite.
    """
    cbv = as_sample(real_cbv, least=1, name="The lesions' CBV")
    age = np.clip(np.round(rng.normal(USUAL_AGE, 11.0, cbv.size)), 18, 90)
    hazard = np.log(2) / MEDIAN_MONTHS
    hazard = hazard * RATIO_PER_ML ** (cbv - USUAL_CBV_ML_PER_100G) * RATIO_PER_YEAR ** (age - USUAL_AGE)
    until_event = rng.exponential(1 / hazard)
    until_end = rng.uniform(SHORTEST_MONTHS, LONGEST_MONTHS, cbv.size)
    months = np.maximum(0.1, np.round(np.minimum(until_event, until_end), 1))
    return SimulatedSurvival(age, months, until_event <= until_end)
