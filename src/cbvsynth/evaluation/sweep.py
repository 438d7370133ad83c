"""A sweep's results and an evaluation's own tables, read back from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.records import ScoredModel, Verdict
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ResultError
from cbvsynth.records.results import read_scores
from cbvsynth.records.storage import sha256_of
from cbvsynth.records.summaries import read_summary

SCORES_FILE = "per_exam.csv"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class Sweep:
    """The trained models of a sweep and the digests of their score tables, by model."""

    models: tuple[ScoredModel, ...]
    per_exam_sha256: dict[str, str]


def read_sweep(results: Path, models: Sequence[ModelId]) -> Sweep:
    """Read the summary and the scores of every model named; others in the folder are not looked at.

    Raises:
        ResultError: models have no results yet (all are named), or a file is damaged.
    """
    missing = [
        model.slug
        for model in models
        if not all((results / model.slug / name).is_file() for name in (SUMMARY_FILE, SCORES_FILE))
    ]
    if missing:
        shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        raise ResultError(
            f"{len(missing)} of the sweep's {len(models)} models have no results in {results}: {shown}. "
            f"Run 'cbvsynth train --model {missing[0]}' (or 'make run' for all), or choose a "
            "smaller sweep."
        )
    return Sweep(
        models=tuple(_read_model(results, model) for model in models),
        per_exam_sha256={model.slug: sha256_of(results / model.slug / SCORES_FILE) for model in models},
    )


def read_judged(results: Path, verdict: Verdict) -> tuple[ScoredModel, ...]:
    """The models that a verdict rests on, with their scores.

    Raises:
        ResultError: a table is missing, damaged, or no longer the one that was judged.
    """
    sweep = read_sweep(results, [ModelId.parse(model) for model in verdict.evidence.per_exam])
    for model, digest in sweep.per_exam_sha256.items():
        if digest != verdict.evidence.per_exam[model]:
            raise ResultError(
                f"{model}: its result table is not the one that the verdict rests on. Run evaluate again."
            )
    return sweep.models


def _read_model(results: Path, model: ModelId) -> ScoredModel:
    summary = read_summary(results / model.slug / SUMMARY_FILE)
    scores = read_scores(results / model.slug / SCORES_FILE)
    if summary.model != model.slug:
        raise ResultError(
            f"The results of {model} say that they are of '{summary.model}'; a folder was copied or "
            f"renamed. Train {model} again."
        )
    if not scores:
        raise ResultError(f"{model}: {SCORES_FILE} has no examination; train {model} again.")
    return ScoredModel(
        model=model,
        scores=scores,
        digest=summary.saved_model_digest,
        target_unit=summary.target_unit,
        data_range=summary.data_range,
        data_fingerprint=summary.data_fingerprint,
        preprocessing_version=summary.preprocessing_version,
        ssim_conventions=summary.ssim_conventions,
    )


def group_by_name(scores: Sequence[ExamScore]) -> dict[str, tuple[ExamScore, ...]]:
    """Rows of a table of several models or baselines, apart, in the order of their first row."""
    names = dict.fromkeys(score.model for score in scores)
    return {name: tuple(score for score in scores if score.model == name) for name in names}
