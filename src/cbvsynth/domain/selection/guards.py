"""What every model must show before SSIM may select it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.judging import Judged, Resamples, not_assessable
from cbvsynth.domain.selection.leaderboard import FloatArray, column_values, has_lesion, in_order, or_none
from cbvsynth.domain.selection.lesion_guards import WITHOUT_LESIONS, brain_scale, lesion_checks
from cbvsynth.domain.selection.records import Check
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ResultError

UNIT_WORDS = {"mL/100g": "mL/100 g", "relative": "(relative CBV)"}
"""How a target unit is printed behind a number."""


def baseline_scores(
    baselines: Mapping[str, Sequence[ExamScore]], exam_ids: Sequence[str], required: Sequence[str]
) -> dict[str, tuple[ExamScore, ...]]:
    """Scores of every trivial baseline on the examinations that the models are compared on, in their order.

    Raises:
        ResultError: a required baseline is missing, or was not scored on one of the examinations.
    """
    for name in required:
        if name not in baselines:
            raise ResultError(
                f"The baseline '{name}' is required and was not scored; found "
                f"{', '.join(baselines) or 'none'}. Run evaluate again."
            )
    for name, scores in baselines.items():
        missing = sorted(set(exam_ids) - {score.exam_id for score in scores})
        if missing:
            raise ResultError(
                f"The baseline '{name}' was not scored on {', '.join(missing[:5])}; expected every one "
                f"of the {len(exam_ids)} examinations. Run evaluate again."
            )
    return {name: in_order(scores, exam_ids) for name, scores in baselines.items()}


def guard_checks(
    scores: Sequence[ExamScore],
    required: Mapping[str, Sequence[ExamScore]],
    resamples: Resamples,
    settings: GateSettings,
    target_unit: str,
) -> tuple[Judged, ...]:
    """Every check that a map must pass on its own.

    Args:
        scores: of the map, in the order of the resamples.
        required: scores of the trivial maps that it must beat, in the same order.
        resamples: of the held-out patients.
        settings: the limits.
        target_unit: of all scores.
    """
    unit = UNIT_WORDS[target_unit]
    judged = [_enough_examinations(scores, settings)]
    for name, baseline in required.items():
        judged.append(_beats_in_ssim(scores, name, baseline, resamples, settings))
        judged.append(_beats_in_lesion(scores, name, baseline, resamples, unit))
    judged.append(brain_scale(scores, resamples, settings))
    return (*judged, *lesion_checks(scores, resamples, settings, unit))


def _enough_examinations(scores: Sequence[ExamScore], settings: GateSettings) -> Judged:
    found, limit = len(scores), settings.min_examinations
    patients = counted(len({score.subject_id for score in scores}), "patient")
    return Judged(
        Check(
            name="enough-examinations",
            passed=found >= limit,
            found=found,
            limit=limit,
            text=(f"{counted(found, 'held-out examination')} of {patients}; at least {limit} are needed"),
        )
    )


def _beats_in_ssim(
    scores: Sequence[ExamScore],
    name: str,
    baseline: Sequence[ExamScore],
    resamples: Resamples,
    settings: GateSettings,
) -> Judged:
    own, other = (column_values(rows, settings.select_by) for rows in (scores, baseline))
    found, limit = float(own.mean()), float(other.mean())
    check = Check(
        name=f"beats-{name}-ssim",
        passed=found > limit,
        found=or_none(found),
        limit=or_none(limit),
        text=(
            f"mean {settings.select_by} {100 * found:.2f} %; must be above the {100 * limit:.2f} % "
            f"of the {name} map"
        ),
    )
    return Judged(check, _mean_is_positive(resamples, own - other))


def _beats_in_lesion(
    scores: Sequence[ExamScore],
    name: str,
    baseline: Sequence[ExamScore],
    resamples: Resamples,
    unit: str,
) -> Judged:
    check_name = f"beats-{name}-lesion-error"
    own, other = (column_values(rows, "lesion_error") for rows in (scores, baseline))
    if not own.size:
        return not_assessable(check_name, WITHOUT_LESIONS)
    found, limit = float(own.mean()), float(other.mean())
    check = Check(
        name=check_name,
        passed=found < limit,
        found=or_none(found),
        limit=or_none(limit),
        text=(
            f"mean absolute error of lesion CBV {found:.2f} {unit} over "
            f"{counted(own.size, 'examination')}; must be below the {limit:.2f} {unit} of the {name} map"
        ),
    )
    there = np.asarray([has_lesion(score) for score in scores], dtype=np.bool_)
    return Judged(check, _mean_is_positive(resamples.of(there), other - own))


def _mean_is_positive(resamples: Resamples, values: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """In which draws the mean is above 0; a draw of none of these examinations does not ask."""
    weights = resamples.weights
    holds: np.ndarray[tuple[int], np.dtype[np.bool_]] = (weights @ values > 0) | (weights.sum(axis=1) == 0)
    return holds
