"""Who was examined, with and without exclusions and by split: the first table of a paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from cbvsynth.domain.splits import HELD_OUT, TRAIN

FOUND, EXCLUDED, INCLUDED = "found", "excluded", "included"
GROUPS = (FOUND, EXCLUDED, INCLUDED, TRAIN, HELD_OUT)
"""Columns: everybody, those whom validate dropped, those who were accepted, and the two sides of the "
"split."""
MISSING = "missing"
_SEXES = {"f": "female", "female": "female", "w": "female", "woman": "female"}
_SEXES |= {"m": "male", "male": "male", "man": "male"}
_FEWEST_EXPECTED = 5.0
"""Cases expected in a cell below which Pearson's test is approximate. Source: Cochran 1954, Biometrics "
"10:417."""
APPROXIMATE = "approximate: few expected cases"


@dataclass(frozen=True)
class Visit:
    """One examination: whose, when, and on which side it ended; `split` is empty where it was excluded.

    What is not known is None or empty.
    """

    exam_id: str
    patient: str
    session: str
    age: float | None
    sex: str
    diagnosis: str
    split: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns that count it."""
        return (FOUND, INCLUDED, self.split) if self.split else (FOUND, EXCLUDED)


@dataclass(frozen=True)
class Spread:
    """Mean, SD (n - 1), least and largest of a quantity over patients; None where nobody states it."""

    patients: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """Whether the two sides of the split differ: the test, its two-sided P, and what to bear in mind."""

    test: str
    p_value: float
    note: str = ""


@dataclass(frozen=True)
class Cohort:
    """Counts and spreads by group; `differences` are by quantity, without those that cannot be tested.

    `levels` of sex and diagnosis are patients by word, 'missing' among them, in the order of all found.
    """

    examinations: Mapping[str, int]
    patients: Mapping[str, int]
    examinations_per_patient: Mapping[str, Spread]
    age: Mapping[str, Spread]
    sex: Mapping[str, Mapping[str, int]]
    diagnosis: Mapping[str, Mapping[str, int]]
    differences: Mapping[str, Difference]
    patients_on_both_sides: int


def describe_cohort(visits: Iterable[Visit]) -> Cohort:
    """Count patients by group; what is said of a patient is what the first examination in the group says.

    The tests take patients as independent, and are left out where a patient is on both sides.
    """
    rows = sorted(visits, key=lambda visit: (visit.patient, visit.session, visit.exam_id))
    by_group = {group: [visit for visit in rows if group in visit.groups] for group in GROUPS}
    first = {group: _first_visits(found) for group, found in by_group.items()}
    per_patient = {group: Counter(visit.patient for visit in found) for group, found in by_group.items()}
    both = set(per_patient[TRAIN]) & set(per_patient[HELD_OUT])
    sides = [] if both else [first[TRAIN], first[HELD_OUT]]
    counts = [] if both else [list(per_patient[side].values()) for side in (TRAIN, HELD_OUT)]
    tested = {
        "examinations_per_patient": _rank_test(counts),
        "age": _welch([[one.age for one in side if one.age is not None] for side in sides]),
        "sex": _table_test([[_sex(one) for one in side] for side in sides]),
        "diagnosis": _table_test([[_diagnosis(one) for one in side] for side in sides]),
    }
    return Cohort(
        examinations={group: len(found) for group, found in by_group.items()},
        patients={group: len(found) for group, found in first.items()},
        examinations_per_patient={group: _spread(found.values()) for group, found in per_patient.items()},
        age={
            group: _spread(one.age for one in found if one.age is not None) for group, found in first.items()
        },
        sex=_levels(first, _sex),
        diagnosis=_levels(first, _diagnosis),
        differences={name: found for name, found in tested.items() if found is not None},
        patients_on_both_sides=len(both),
    )


def _first_visits(visits: Sequence[Visit]) -> list[Visit]:
    first: dict[str, Visit] = {}
    for visit in visits:
        first.setdefault(visit.patient, visit)
    return list(first.values())


def _sex(visit: Visit) -> str:
    word = visit.sex.strip().lower()
    return _SEXES.get(word, "other") if word else MISSING


def _diagnosis(visit: Visit) -> str:
    return visit.diagnosis.strip() or MISSING


def _levels(first: Mapping[str, Sequence[Visit]], word: Callable[[Visit], str]) -> dict[str, dict[str, int]]:
    """Patients by word in every group, the commonest first, those who are missing last."""
    found = Counter(word(visit) for visit in first[FOUND])
    order = sorted(found, key=lambda name: (name == MISSING, -found[name], name))
    counted = {group: Counter(word(visit) for visit in visits) for group, visits in first.items()}
    return {group: {name: counts[name] for name in order} for group, counts in counted.items()}


def _spread(values: Iterable[float]) -> Spread:
    sample = np.asarray(list(values), dtype=np.float64)
    if not sample.size:
        return Spread(0, None, None, None, None)
    sd = float(sample.std(ddof=1)) if sample.size > 1 else None
    return Spread(sample.size, float(sample.mean()), sd, float(sample.min()), float(sample.max()))


def _rank_test(sides: Sequence[Sequence[int]]) -> Difference | None:
    if len(sides) < 2 or len({*sides[0], *sides[1]}) < 2 or not all(sides):
        return None
    p_value = float(stats.mannwhitneyu(*sides, method="asymptotic").pvalue)
    return Difference("Wilcoxon", p_value)


def _welch(sides: Sequence[Sequence[float]]) -> Difference | None:
    if len(sides) < 2 or min(map(len, sides)) < 2 or all(len(set(side)) == 1 for side in sides):
        return None
    return Difference("Welch", float(stats.ttest_ind(*sides, equal_var=False).pvalue))


def _table_test(sides: Sequence[Sequence[str]]) -> Difference | None:
    """Fisher's exact test of two levels, Pearson's chi-squared of more; who is missing takes no part."""
    counts = [Counter(word for word in side if word != MISSING) for side in sides]
    levels = sorted(set().union(*counts)) if counts else []
    table = np.array([[side[level] for level in levels] for side in counts])
    if len(levels) < 2 or not table.sum(axis=1).all():
        return None
    if len(levels) == 2:
        return Difference("Fisher", float(stats.fisher_exact(table).pvalue))
    found = stats.chi2_contingency(table, correction=False)
    note = APPROXIMATE if float(found.expected_freq.min()) < _FEWEST_EXPECTED else ""
    return Difference("chi-squared", float(found.pvalue), note)
