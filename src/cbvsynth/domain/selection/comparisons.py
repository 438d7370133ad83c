"""Every model against the best one, on the same examinations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import FloatArray, LeaderboardRow, column_values
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.statistics.bootstrap import bootstrap_mean
from cbvsynth.domain.statistics.multiplicity import bonferroni
from cbvsynth.domain.statistics.paired import (
    Alternative,
    mean_by_patient,
    paired_t,
    wilcoxon_signed_rank,
)
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Comparison:
    """The best model minus this one, in the column that selects.

    `mean_difference` and the t-test (the paper's) take examinations as independent. `patient_difference`,
    its 95 % bootstrap interval and Wilcoxon's test take one averaged difference per patient. Tests are
    two-sided; the corrected p values are Bonferroni's over all comparisons. `t` and its p are NaN where
    all differences are one and the same number.
    """

    model: str
    examinations: int
    patients: int
    mean_difference: float
    t: float
    t_p_value: float
    t_p_bonferroni: float
    patient_difference: float
    confidence_low: float
    confidence_high: float
    wilcoxon_p_value: float
    wilcoxon_p_bonferroni: float


@dataclass(frozen=True)
class PatientDifference:
    """Mean of per-patient differences, first minus second, its 95 % interval and Wilcoxon's p."""

    mean: float
    low: float
    high: float
    p_value: float
    patients: int


def patient_difference(
    first: Sequence[ExamScore],
    second: Sequence[ExamScore],
    settings: GateSettings,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> PatientDifference:
    """Compare two models on the same examinations, one averaged difference per patient.

    The same seed draws the same patients in every call, whichever models are compared.

    Raises:
        DataError: fewer than two patients, or a score that is not finite.
    """
    patients = [score.subject_id for score in first]
    differences = mean_by_patient(_differences(first, second, settings), patients)
    interval = bootstrap_mean(
        differences,
        sorted(set(patients)),
        samples=settings.bootstrap_samples,
        rng=np.random.default_rng(settings.seed),
    )
    test = wilcoxon_signed_rank(differences, np.zeros_like(differences), alternative=alternative)
    return PatientDifference(
        mean=float(differences.mean()),
        low=interval.low,
        high=interval.high,
        p_value=test.p_value,
        patients=len(differences),
    )


def compare_with_best(
    scores: Mapping[ModelId, Sequence[ExamScore]], rows: Sequence[LeaderboardRow], settings: GateSettings
) -> tuple[Comparison, ...]:
    """Compare every other model with the first row's, in the order of rows.

    Args:
        scores: of every model, on the same examinations in the same order.
        rows: the leaderboard, best first.
        settings: `select_by` is the column compared.

    With fewer than two patients nothing can be compared, and the answer is empty.

    Raises:
        DataError: a score that is not finite.
    """
    if rows[0].patients < 2 or len(rows) < 2:
        return ()
    by_slug = {model.slug: chosen for model, chosen in scores.items()}
    best, others = by_slug[rows[0].model], [row.model for row in rows[1:]]
    tests = [_t_test(best, by_slug[name], settings) for name in others]
    averaged = [patient_difference(best, by_slug[name], settings) for name in others]
    t_corrected = _corrected([p_value for _, p_value in tests])
    wilcoxon_corrected = _corrected([entry.p_value for entry in averaged])
    return tuple(
        Comparison(
            model=name,
            examinations=len(best),
            patients=averaged[place].patients,
            mean_difference=float(_differences(best, by_slug[name], settings).mean()),
            t=tests[place][0],
            t_p_value=tests[place][1],
            t_p_bonferroni=t_corrected[place],
            patient_difference=averaged[place].mean,
            confidence_low=averaged[place].low,
            confidence_high=averaged[place].high,
            wilcoxon_p_value=averaged[place].p_value,
            wilcoxon_p_bonferroni=wilcoxon_corrected[place],
        )
        for place, name in enumerate(others)
    )


def _differences(
    first: Sequence[ExamScore], second: Sequence[ExamScore], settings: GateSettings
) -> FloatArray:
    return column_values(first, settings.select_by) - column_values(second, settings.select_by)


def _t_test(
    first: Sequence[ExamScore], second: Sequence[ExamScore], settings: GateSettings
) -> tuple[float, float]:
    values = [column_values(scores, settings.select_by) for scores in (first, second)]
    try:
        test = paired_t(*values)
    except DataError:
        if not all(np.isfinite(sample).all() for sample in values):
            raise
        return math.nan, math.nan
    return test.t, test.p_value


def _corrected(p_values: Sequence[float]) -> list[float]:
    given = np.asarray(p_values, dtype=np.float64)
    known = np.isfinite(given)
    corrected = np.full(given.shape, math.nan)
    if known.any():
        filled = bonferroni(np.where(known, given, 1.0))
        corrected[known] = filled[known]
    return [float(value) for value in corrected]
