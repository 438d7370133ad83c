"""The candidate against the model version that people are served with now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cbvsynth.domain.selection.comparisons import PatientDifference, patient_difference
from cbvsynth.domain.selection.leaderboard import common_examinations, in_order
from cbvsynth.domain.selection.records import (
    ChampionComparison,
    Check,
    Outcome,
    PresentChampion,
    ScoredModel,
    Standing,
)
from cbvsynth.domain.selection.settings import GateSettings, looser_limits
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.statistics.paired import Alternative
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ResultError


def compare_with_champion(
    candidate: ScoredModel, champion: PresentChampion, settings: GateSettings
) -> ChampionComparison:
    """Paired comparison on the same examinations, one value per patient.

    The two are comparable when both were scored on the same version of the data, in the same unit and
    dynamic range, by limits no looser, and on the same examinations; one may lack an examination only
    where a sequence that it reads was not acquired. Whatever makes them incomparable is a failed check and
    not an error: the champion then stays.

    The test is one-sided: Wilcoxon's signed-rank test of the differences, candidate minus champion,
    averaged per patient because the examinations of one patient are not independent.
    """
    if champion.digest == candidate.digest:
        return _same_model(champion, _looser_gate(champion, settings))
    obstacle = _difference_of_standards(candidate, champion) or _looser_gate(champion, settings)
    exam_ids: tuple[str, ...] = ()
    if obstacle is None:
        try:
            exam_ids = _shared_examinations(candidate, champion)
        except ResultError as error:
            obstacle = str(error)
    own, theirs = in_order(candidate.scores, exam_ids), in_order(champion.scores, exam_ids)
    patients = len({score.subject_id for score in own})
    if obstacle is None and patients < 2:
        obstacle = (
            f"they share {counted(len(exam_ids), 'examination')} of {counted(patients, 'patient')}; "
            "at least two are needed."
        )
    if obstacle is not None:
        return replace(
            without_comparison(champion), checks=(Check("champion-comparable", False, None, None, obstacle),)
        )
    difference = patient_difference(own, theirs, settings, Alternative.GREATER)
    return replace(
        without_comparison(champion),
        examinations=len(exam_ids),
        patients=difference.patients,
        mean_difference=difference.mean,
        confidence_low=difference.low,
        confidence_high=difference.high,
        p_value=difference.p_value,
        checks=_comparison_checks(difference, len(exam_ids), settings),
    )


def without_comparison(champion: PresentChampion) -> ChampionComparison:
    """The record of a champion that nothing could be compared with."""
    return ChampionComparison(
        version=champion.version,
        model=champion.model,
        digest=champion.digest,
        data_fingerprint=champion.data_fingerprint,
        examinations=0,
        patients=0,
        mean_difference=None,
        confidence_low=None,
        confidence_high=None,
        p_value=None,
        checks=(),
        settings=champion.settings,
    )


def _same_model(champion: PresentChampion, looser: str | None) -> ChampionComparison:
    """The champion again: a looser gate would change nothing about it, but let others serve beside it."""
    text = looser or f"version {champion.version} is this very model"
    return replace(
        without_comparison(champion), checks=(Check("champion-comparable", not looser, None, None, text),)
    )


def _comparison_checks(
    difference: PatientDifference, examinations: int, settings: GateSettings
) -> tuple[Check, ...]:
    return (
        Check(
            "champion-comparable",
            True,
            examinations,
            None,
            f"both were scored on the same {examinations} examinations of {difference.patients} patients",
        ),
        Check(
            "champion-mean-difference",
            difference.mean > settings.margin,
            difference.mean,
            settings.margin,
            f"mean per-patient difference of {settings.select_by} {100 * difference.mean:+.2f} points (95 % "
            f"interval {100 * difference.low:+.2f} to {100 * difference.high:+.2f}); must be above "
            f"{100 * settings.margin:g}",
        ),
        Check(
            "champion-significance",
            difference.p_value < settings.alpha,
            difference.p_value,
            settings.alpha,
            f"one-sided Wilcoxon test of the per-patient differences p = {difference.p_value:.4g}; must be "
            f"below {settings.alpha:g}",
        ),
    )


def outcome_of(
    candidate: Standing | None, refused: Sequence[Standing], comparison: ChampionComparison | None
) -> tuple[Outcome, str]:
    """The verdict in one word and in one sentence.

    Args:
        candidate: the highest-ranked model that passes every guard, if any.
        refused: the models that rank above it, or all when there is no candidate.
        comparison: with the present champion; None when there is no champion, or no candidate.
    """
    if candidate is None:
        best = refused[0]
        reasons = "; ".join(check.text for check in best.checks if check.passed is False)
        return Outcome.NO_MODEL_PASSES, (
            f"No model passes the guards. The best by SSIM, {best.model}, fails: {reasons}."
        )
    name = f"{candidate.model} (rank {candidate.rank})"
    if comparison is None:
        return Outcome.PROMOTE, f"Promote {name}: it passes every guard and there is no champion yet."
    held = f"version {comparison.version} ({comparison.model})"
    failed = [check for check in comparison.checks if check.passed is False]
    reasons = "; ".join(check.text for check in failed)
    if comparison.digest == candidate.digest:
        return (
            (Outcome.NOT_COMPARABLE, f"Keep {held}, {name}, and what serves beside it: {reasons}")
            if failed
            else (Outcome.ALREADY_CHAMPION, f"Nothing to do: {name} is the present champion, {held}.")
        )
    if comparison.mean_difference is None:
        return Outcome.NOT_COMPARABLE, f"Keep {held}: {name} cannot be compared with it: {reasons}"
    if failed:
        return Outcome.NOT_BETTER, f"Keep {held}: {name} is not shown to be better: {reasons}."
    return Outcome.PROMOTE, (
        f"Promote {name} in place of {held}: SSIM higher by {100 * comparison.mean_difference:.2f} points "
        f"per patient on average over {comparison.patients} patients."
    )


def _difference_of_standards(candidate: ScoredModel, champion: PresentChampion) -> str | None:
    units = sorted({score.target_unit for score in champion.scores} - {candidate.target_unit})
    if units:
        return (
            f"the champion, version {champion.version}, answers in {', '.join(units)}, the candidate in "
            f"{candidate.target_unit}; register models of another unit under another name."
        )
    ranges = sorted({score.data_range for score in champion.scores} - {candidate.data_range})
    if ranges:
        return (
            f"the champion, version {champion.version}, was scored with a dynamic range of {ranges[0]:g}, "
            f"the candidate with {candidate.data_range:g}; train with the same cbv_max."
        )
    if champion.data_fingerprint != candidate.data_fingerprint:
        return (
            f"the champion, version {champion.version}, was scored on data {champion.data_fingerprint[:12]}, "
            f"the candidate on {candidate.data_fingerprint[:12]}; score the champion on the present data, or "
            "register the new models under another name."
        )
    return None


def _looser_gate(champion: PresentChampion, settings: GateSettings) -> str | None:
    """Why limits looser than those that the champion passed may not replace it: a refused model could."""
    looser = looser_limits(settings, champion.settings or GateSettings())
    if not looser:
        return None
    whose = (
        "that the champion passed" if champion.settings else "of this release (the champion's are not known)"
    )
    return (
        f"the gate is looser than the one {whose}, version {champion.version}: {'; '.join(looser)}; set the "
        "limits back, or register the new models under another name."
    )


def _shared_examinations(candidate: ScoredModel, champion: PresentChampion) -> tuple[str, ...]:
    challenged, holder = candidate.model, ModelId.parse(champion.model)
    mine = {score.exam_id for score in candidate.scores}
    theirs = {score.exam_id for score in champion.scores}
    if challenged.combination == holder.combination:
        if mine != theirs:
            different = sorted(mine ^ theirs)
            shown = ", ".join(different[:5]) + (" ..." if len(different) > 5 else "")
            raise ResultError(
                f"the candidate was scored on {counted(len(mine), 'examination')}, the champion on "
                f"{len(theirs)}; "
                f"different: {shown}. Score both on the same ones."
            )
        return tuple(sorted(mine))
    return common_examinations({challenged: mine, holder: theirs})
