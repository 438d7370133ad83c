"""How far a verdict depends on the split, by training again: every patient held out once.

The scores of all folds together judge the recipe, not a model: each patient's map comes from a model that
never saw the patient, and every fold has a model of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.evaluation import Evaluation, evaluate_sweep
from cbvsynth.domain.selection.records import Evidence, ScoredModel
from cbvsynth.domain.selection.settings import GateSettings
from cbvsynth.errors import ResultError


@dataclass(frozen=True)
class Fold:
    """The models of a sweep that were trained without one part of the patients, scored on that part."""

    models: tuple[ScoredModel, ...]
    baselines: Mapping[str, tuple[ExamScore, ...]]


@dataclass(frozen=True)
class FoldResult:
    """What one fold says by itself; empty where there is no such model."""

    fold: int
    patients: int
    examinations: int
    best: str
    """Of the models that pass on all folds together, the best by SSIM here."""
    candidate: str
    """Which model the gate would promote on this fold alone."""


@dataclass(frozen=True)
class FoldsReport:
    """The verdict on all folds together, and in which share of the folds its winner is the best."""

    winner: str
    """Slug of the model that the gate would promote on all folds together; empty where none passes."""
    share: float | None
    """Share of the folds in which the winner is the best; None without a winner."""
    patients: int
    examinations: int
    failed: Mapping[str, tuple[str, ...]]
    """Guards that each other model failed on all folds together."""
    results: tuple[FoldResult, ...]
    text: str


def report_folds(folds: Sequence[Fold], settings: GateSettings) -> FoldsReport:
    """Judge all folds together, and each by itself.

    Raises:
        ResultError: fewer than two folds, or folds of different models.
    """
    if len(folds) < 2:
        raise ResultError(f"{len(folds)} fold; expected two or more. Give a larger --folds.")
    names = [tuple(scored.model.slug for scored in fold.models) for fold in folds]
    if len(set(names)) > 1:
        raise ResultError("The folds hold different models; expected the same in each. Run them again.")
    judged = _judge(_together(folds), settings)
    pooled = judged.verdict
    passing = {row.model for row in judged.rows} - pooled.failed_guards.keys()
    winner = pooled.candidate.model if pooled.candidate else ""
    results = tuple(_result(number, fold, passing, settings) for number, fold in enumerate(folds, 1))
    share = sum(one.best == winner for one in results) / len(results) if winner else None
    report = FoldsReport(
        winner=winner,
        share=share,
        patients=pooled.patients,
        examinations=pooled.examinations,
        failed=pooled.failed_guards,
        results=results,
        text="",
    )
    return replace(report, text=_text(report))


def _together(folds: Sequence[Fold]) -> Fold:
    """One fold of all: each model's scores, and each baseline's, one fold after another."""
    first = folds[0]
    return Fold(
        tuple(
            replace(
                first.models[place],
                scores=tuple(score for fold in folds for score in fold.models[place].scores),
                digest="",
            )
            for place in range(len(first.models))
        ),
        {name: tuple(score for fold in folds for score in fold.baselines[name]) for name in first.baselines},
    )


def _judge(fold: Fold, settings: GateSettings) -> Evaluation:
    alike = [replace(one, data_fingerprint=fold.models[0].data_fingerprint) for one in fold.models]
    evidence = Evidence(per_exam={}, baselines="", champion="")
    return evaluate_sweep(alike, fold.baselines, None, settings, evidence)


def _result(number: int, fold: Fold, passing: set[str], settings: GateSettings) -> FoldResult:
    judged = _judge(fold, settings)
    verdict = judged.verdict
    return FoldResult(
        fold=number,
        patients=verdict.patients,
        examinations=verdict.examinations,
        best=next((row.model for row in judged.rows if row.model in passing), ""),
        candidate=verdict.candidate.model if verdict.candidate else "",
    )


def _text(report: FoldsReport) -> str:
    held = f"All {report.patients} patients ({report.examinations} examinations) were held out once, in "
    held += f"{len(report.results)} folds"
    alone = sum(bool(one.candidate) for one in report.results)
    each = f"On a fold alone the gate would promote a model in {alone} of {len(report.results)}."
    if not report.winner:
        return f"{held}; no model passes every guard on all of them. {each}"
    wins = sum(one.best == report.winner for one in report.results)
    return (
        f"{held}; {report.winner} wins on all of them together and in {wins} of {len(report.results)} folds "
        f"({100 * wins / len(report.results):.0f} %). {each}"
    )
