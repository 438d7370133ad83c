"""What every model must show before SSIM may select it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.leaderboard import LeaderboardRow, in_order, or_none, summarise
from cbvsynth.domain.selection.records import Check, GateSettings
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ResultError

UNIT_WORDS = {"mL/100g": "mL/100 g", "relative": "(relative CBV)"}
"""How a target unit is printed behind a number."""


def baseline_rows(
    baselines: Mapping[str, Sequence[ExamScore]], exam_ids: Sequence[str], required: Sequence[str]
) -> dict[str, LeaderboardRow]:
    """Mean scores of every trivial baseline on the examinations that the models are compared on.

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
    return {name: summarise(name, in_order(scores, exam_ids)) for name, scores in baselines.items()}


def guard_checks(
    row: LeaderboardRow, baselines: Mapping[str, LeaderboardRow], settings: GateSettings, target_unit: str
) -> tuple[Check, ...]:
    """Every check that a model must pass on its own; `baselines` are those that are required."""
    checks = [_enough_examinations(row, settings)]
    for name, baseline in baselines.items():
        checks.append(_beats_in_ssim(row, name, baseline, settings))
        checks.append(_beats_in_lesion(row, name, baseline, target_unit))
    checks.append(_lesion_bias(row, settings, target_unit))
    return tuple(checks)


def _enough_examinations(row: LeaderboardRow, settings: GateSettings) -> Check:
    found, limit = row.examinations, settings.min_examinations
    return Check(
        name="enough-examinations",
        passed=found >= limit,
        found=found,
        limit=limit,
        text=(
            f"{counted(found, 'held-out examination')} of {counted(row.patients, 'patient')}; at least "
            f"{limit} are needed"
        ),
    )


def _beats_in_ssim(row: LeaderboardRow, name: str, baseline: LeaderboardRow, settings: GateSettings) -> Check:
    found, limit = row.mean[settings.select_by], baseline.mean[settings.select_by]
    return Check(
        name=f"beats-{name}-ssim",
        passed=found > limit,
        found=or_none(found),
        limit=or_none(limit),
        text=(
            f"mean {settings.select_by} {100 * found:.2f} %; must be above the {100 * limit:.2f} % "
            f"of the {name} map"
        ),
    )


def _beats_in_lesion(row: LeaderboardRow, name: str, baseline: LeaderboardRow, target_unit: str) -> Check:
    check_name = f"beats-{name}-lesion-error"
    if not row.lesion_examinations:
        return _without_lesions(check_name)
    found, limit = row.mean["lesion_error"], baseline.mean["lesion_error"]
    unit = UNIT_WORDS[target_unit]
    return Check(
        name=check_name,
        passed=found < limit,
        found=or_none(found),
        limit=or_none(limit),
        text=(
            f"mean absolute error of lesion CBV {found:.2f} {unit} over {row.lesion_examinations} "
            f"examinations; must be below the {limit:.2f} {unit} of the {name} map"
        ),
    )


def _lesion_bias(row: LeaderboardRow, settings: GateSettings, target_unit: str) -> Check:
    if not row.lesion_examinations:
        return _without_lesions("lesion-bias", settings.max_lesion_bias)
    found, limit = row.mean["lesion_bias"], settings.max_lesion_bias
    unit = UNIT_WORDS[target_unit]
    return Check(
        name="lesion-bias",
        passed=abs(found) <= limit,
        found=or_none(found),
        limit=limit,
        text=(
            f"mean lesion CBV, synthetic minus real, {found:+.2f} {unit} over {row.lesion_examinations} "
            f"examinations; must lie within ±{limit:g} {unit}"
        ),
    )


def _without_lesions(name: str, limit: float | None = None) -> Check:
    return Check(
        name=name,
        passed=None,
        found=None,
        limit=limit,
        text="not assessable: no held-out examination has a lesion segmentation",
    )
