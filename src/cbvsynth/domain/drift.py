"""Whether patients from elsewhere are like those that a model learned from, quantity by quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from scipy import stats

from cbvsynth.domain.selection.leaderboard import mean_and_sd, or_none
from cbvsynth.domain.statistics.paired import mean_by_patient
from cbvsynth.domain.statistics.samples import Float64Array

NOTABLE_SHIFT = 0.5
"""Standard deviations of the reference by which means must differ to matter. Source: a medium effect in Cohen
1988, Statistical Power Analysis for the Behavioral Sciences."""
MOSTLY_OUTSIDE = 0.5
"""Share of the patients outside the reference's range from which it is drift whatever a test says: a test of
three patients shows nothing, and a field of view has no spread to test against. Ours."""
FEWEST_REFERENCE = 5
"""Patients of the reference below which its range says nothing. Ours."""
_FEWEST_TESTED = 2
_RANGE_MARGIN = 0.01
"""Share of the range's larger end that is no step outside: headers round voxel sizes."""


@dataclass(frozen=True)
class Measured:
    """Quantities of some examinations: patient of each, and by quantity its value, NaN where it has none."""

    patients: tuple[str, ...]
    values: Mapping[str, Sequence[float]]

    def of(self, chosen: Sequence[bool]) -> Measured:
        """The same quantities of some of the examinations."""
        return Measured(
            tuple(compress(self.patients, chosen)),
            {name: tuple(compress(values, chosen)) for name, values in self.values.items()},
        )

    def by_patient(self, quantity: str) -> Float64Array:
        """Finite values of a quantity, averaged by patient: (n,) float64, empty where it is not known."""
        values = np.asarray(self.values.get(quantity, ()), dtype=np.float64)
        known = np.isfinite(values)
        if not known.any():
            return np.empty(0)
        return mean_by_patient(values[known], list(compress(self.patients, known)))


@dataclass(frozen=True)
class Shift:
    """One quantity of the reference and here; a patient counts once. Numbers are None where there is none.

    standardised: difference of the means over the reference's standard deviation.
    outside: share of the patients whose value lies outside the reference's range.
    p_value: of Kolmogorov and Smirnov's test of two samples, by Bonferroni's correction over the quantities.
    """

    quantity: str
    reference_patients: int
    reference_mean: float | None
    reference_sd: float | None
    patients: int
    mean: float | None
    sd: float | None
    standardised: float | None
    outside: float | None
    p_value: float | None
    drifts: bool


def shifts_between(reference: Measured, here: Measured, *, alpha: float = 0.05) -> tuple[Shift, ...]:
    """Compare every quantity that either side has, in the reference's order.

    A quantity drifts where its distributions differ (p below alpha) and its means by `NOTABLE_SHIFT` or more,
    or where most patients lie outside the range that the reference spans.
    """
    names = dict.fromkeys((*reference.values, *here.values))
    return tuple(
        _shift(name, reference.by_patient(name), here.by_patient(name), alpha, len(names)) for name in names
    )


def _shift(name: str, there: Float64Array, here: Float64Array, alpha: float, tests: int) -> Shift:
    (reference_mean, reference_sd), (mean, sd) = mean_and_sd(there), mean_and_sd(here)
    apart = mean - reference_mean
    standardised = apart / reference_sd if reference_sd > 0 else math.nan
    outside, p_value = math.nan, math.nan
    if here.size and there.size >= FEWEST_REFERENCE:
        margin = _RANGE_MARGIN * float(np.abs(there).max())
        outside = float(np.mean((here < there.min() - margin) | (here > there.max() + margin)))
    if here.size >= _FEWEST_TESTED and there.size >= FEWEST_REFERENCE:
        p_value = min(1.0, tests * float(stats.ks_2samp(there, here).pvalue))
    return Shift(
        quantity=name,
        reference_patients=there.size,
        reference_mean=or_none(reference_mean),
        reference_sd=or_none(reference_sd),
        patients=here.size,
        mean=or_none(mean),
        sd=or_none(sd),
        standardised=or_none(standardised),
        outside=or_none(outside),
        p_value=or_none(p_value),
        drifts=outside > MOSTLY_OUTSIDE or (p_value < alpha and abs(standardised) >= NOTABLE_SHIFT),
    )
