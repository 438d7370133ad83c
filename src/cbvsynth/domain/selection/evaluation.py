"""From the score tables of a sweep to its leaderboard, its comparisons and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.availability import champions_by_availability
from cbvsynth.domain.selection.champion import (
    compare_with_champion,
    outcome_of,
    without_comparison,
)
from cbvsynth.domain.selection.comparisons import Comparison, compare_with_best
from cbvsynth.domain.selection.guards import baseline_scores, guard_checks
from cbvsynth.domain.selection.judging import Judged, draw_patients
from cbvsynth.domain.selection.leaderboard import (
    LeaderboardRow,
    column_values,
    leaderboard,
    or_none,
    restrict,
    summarise,
)
from cbvsynth.domain.selection.optimism import selection_optimism
from cbvsynth.domain.selection.records import (
    ChampionComparison,
    Evidence,
    Outcome,
    PresentChampion,
    ScoredModel,
    Standing,
    Verdict,
)
from cbvsynth.domain.selection.settings import GateSettings, looser_limits
from cbvsynth.domain.selection.stability import stability_of
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ResultError

LEADERS = 10
"""Rows of the leaderboard that a verdict repeats."""


@dataclass(frozen=True)
class Evaluation:
    """Everything that the score tables say."""

    rows: tuple[LeaderboardRow, ...]
    baselines: tuple[LeaderboardRow, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    not_trained: Mapping[str, str] = field(default_factory=dict)
    """Models of the sweep that could not be trained, and why; no table and no rank has them."""


def evaluate_sweep(
    models: Sequence[ScoredModel],
    baselines: Mapping[str, Sequence[ExamScore]],
    champion: PresentChampion | None,
    settings: GateSettings,
    evidence: Evidence,
) -> Evaluation:
    """Rank, compare and judge; the same tables always give the same answer.

    The candidate is the highest-ranked model that passes every guard; models above it that failed are
    listed with their reasons. That no model passes is a result, not an error.

    Raises:
        ResultError: no models, or tables that may not be compared; see `leaderboard` and `baseline_scores`.
        UnitError: different target units.
    """
    if not models:
        raise ResultError("There are no models to evaluate; run train first.")
    rows = leaderboard(models, settings.select_by)
    scores = restrict(models)
    shared = next(iter(scores.values()))
    exam_ids = [score.exam_id for score in shared]
    trivial = baseline_scores(baselines, exam_ids, settings.required_baselines)
    required = {name: trivial[name] for name in settings.required_baselines}
    trivial_rows = {name: summarise(name, found) for name, found in trivial.items()}
    by_slug = {scored.model.slug: scored for scored in models}
    resamples = draw_patients(shared, settings)
    judged = {
        model.slug: guard_checks(found, required, resamples, settings, by_slug[model.slug].target_unit)
        for model, found in scores.items()
    }
    standings = tuple(_standing(row, by_slug[row.model], judged[row.model], settings) for row in rows)
    first = models[0]
    decision = _decide(standings, by_slug, champion, settings)
    verdict = Verdict(
        **decision,
        champions_by_availability=_winners(standings),
        leaders=standings[:LEADERS],
        baselines={name: _baseline_record(row, settings) for name, row in trivial_rows.items()},
        models=len(models),
        examinations=rows[0].examinations,
        patients=rows[0].patients,
        optimism=_optimism(scores, settings),
        stability=stability_of(scores, judged, decision["candidate"], resamples, settings),
        failed_guards={standing.model: standing.failed for standing in standings if not standing.passes},
        loosened=looser_limits(settings, GateSettings()),
        target_unit=first.target_unit,
        data_range=first.data_range,
        data_fingerprint=first.data_fingerprint,
        preprocessing_version=first.preprocessing_version,
        ssim_conventions=dict(first.ssim_conventions),
        settings=settings,
        evidence=evidence,
    )
    return Evaluation(
        rows=rows,
        baselines=tuple(trivial_rows.values()),
        comparisons=compare_with_best(scores, rows, settings),
        verdict=verdict,
    )


class _Decision(TypedDict):
    outcome: Outcome
    text: str
    candidate: Standing | None
    refused: tuple[Standing, ...]
    champion: ChampionComparison | None


def _decide(
    standings: Sequence[Standing],
    models: Mapping[str, ScoredModel],
    champion: PresentChampion | None,
    settings: GateSettings,
) -> _Decision:
    candidate = next((standing for standing in standings if standing.passes), None)
    refused = tuple(standings if candidate is None else standings[: candidate.rank - 1])
    comparison = None
    if champion is not None:
        comparison = (
            compare_with_champion(models[candidate.model], champion, settings)
            if candidate
            else without_comparison(champion)
        )
    outcome, text = outcome_of(candidate, refused, comparison)
    if candidate is not None and candidate.unanswered:
        text += f" Not answered by these data: {', '.join(candidate.unanswered)}."
    loosened = looser_limits(settings, GateSettings())
    if loosened:
        text += f" THE GATE WAS LOOSENED: {'; '.join(loosened)}."
    return {
        "outcome": outcome,
        "text": text,
        "candidate": candidate,
        "refused": refused,
        "champion": comparison,
    }


def _winners(standings: Sequence[Standing]) -> dict[str, str]:
    ranked = [ModelId.parse(standing.model) for standing in standings]
    passing = {ModelId.parse(standing.model) for standing in standings if standing.passes}
    return {pattern.slug: model.slug for pattern, model in champions_by_availability(ranked, passing).items()}


def _standing(
    row: LeaderboardRow,
    scored: ScoredModel,
    judged: Sequence[Judged],
    settings: GateSettings,
) -> Standing:
    return Standing(
        rank=row.rank,
        model=row.model,
        digest=scored.digest,
        examinations=row.examinations,
        patients=row.patients,
        select_by_mean=or_none(row.mean[settings.select_by]),
        select_by_sd=or_none(row.sd[settings.select_by]),
        lesion_examinations=row.lesion_examinations,
        lesion_bias=or_none(row.mean["lesion_bias"]),
        lesion_error=or_none(row.mean["lesion_error"]),
        checks=tuple(one.check for one in judged),
    )


def _baseline_record(row: LeaderboardRow, settings: GateSettings) -> dict[str, float | None]:
    return {
        "select_by_mean": or_none(row.mean[settings.select_by]),
        "lesion_error": or_none(row.mean["lesion_error"]),
    }


def _optimism(scores: Mapping[ModelId, Sequence[ExamScore]], settings: GateSettings) -> float:
    values = np.stack([column_values(chosen, settings.select_by) for chosen in scores.values()])
    patients = np.asarray([score.subject_id for score in next(iter(scores.values()))])
    rng = np.random.default_rng(settings.seed)
    return selection_optimism(values, patients, settings.bootstrap_samples, rng)
