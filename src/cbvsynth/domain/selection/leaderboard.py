"""Ranking of models on the examinations that all of them could be scored on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cbvsynth.domain import sequences
from cbvsynth.domain.scores import SSIM_CONVENTIONS, ExamScore
from cbvsynth.domain.selection.records import ScoredModel
from cbvsynth.domain.sequences import ModelId
from cbvsynth.errors import ResultError, UnitError, UsageError

HIGHER_IS_BETTER: dict[str, bool] = {
    **dict.fromkeys(SSIM_CONVENTIONS, True),
    "mae_whole": False,
    "mae_brain": False,
    "mae_lesion": False,
    "psnr_whole": True,
    "psnr_brain": True,
    "ncc_brain": True,
    "lesion_error": False,
    "lesion_bias": False,
}
"""Every column of the leaderboard. Two are made here: lesion_bias is the lesion's mean CBV, synthetic
minus real; lesion_error is its absolute value (ranked by the size of the bias, not by its sign)."""

LESION_COLUMNS = frozenset({"mae_lesion", "lesion_error", "lesion_bias"})

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeaderboardRow:
    """Mean and standard deviation (n - 1) of every column over the common examinations.

    Lesion columns are taken over the examinations that have a lesion and are NaN when none has. A NaN
    score makes its column's mean NaN: nothing is left out silently.
    """

    rank: int
    model: str
    examinations: int
    patients: int
    lesion_examinations: int
    mean: Mapping[str, float]
    sd: Mapping[str, float]


def column_values(scores: Sequence[ExamScore], column: str) -> FloatArray:
    """One column over examinations, (n,) float64; lesion columns over examinations with a lesion only.

    Raises:
        UsageError: there is no such column.
    """
    if column not in HIGHER_IS_BETTER:
        raise UsageError(f"'{column}' is not a column; give one of {', '.join(HIGHER_IS_BETTER)}.")
    chosen = [score for score in scores if has_lesion(score)] if column in LESION_COLUMNS else scores
    if column == "lesion_bias":
        values = [score.lesion_cbv_synthetic - score.lesion_cbv_real for score in chosen]
    elif column == "lesion_error":
        values = [abs(score.lesion_cbv_synthetic - score.lesion_cbv_real) for score in chosen]
    else:
        values = [float(getattr(score, column)) for score in chosen]
    return np.asarray(values, dtype=np.float64)


def has_lesion(score: ExamScore) -> bool:
    """Whether the examination has a segmented lesion."""
    return not np.isnan(score.lesion_cbv_real)


def mean_and_sd(values: FloatArray) -> tuple[float, float]:
    """Mean and sample standard deviation; NaN where there are no, or fewer than two, values."""
    if values.size == 0:
        return float("nan"), float("nan")
    with np.errstate(invalid="ignore"):
        sd = float(np.std(values, ddof=1)) if values.size > 1 else float("nan")
    return float(np.mean(values)), sd


def or_none(value: float) -> float | None:
    """The value, or None where it is NaN: records hold no NaN."""
    return None if np.isnan(value) else value


def require_one_standard(models: Sequence[ScoredModel]) -> None:
    """Refuse models that were made or measured differently: their numbers must not meet.

    Raises:
        UnitError: different target units.
        ResultError: different data, preprocessing, dynamic range or SSIM convention, or a table whose
            rows are not of one model, one unit and one examination each.
    """
    for scored in models:
        _require_own_rows(scored)
    _require_equal(models, "target unit", [scored.target_unit for scored in models], UnitError)
    for name, values in (
        ("dynamic range", [f"{scored.data_range:g}" for scored in models]),
        ("data fingerprint", [scored.data_fingerprint for scored in models]),
        ("preprocessing version", [scored.preprocessing_version for scored in models]),
        ("SSIM convention", [repr(sorted(scored.ssim_conventions.items())) for scored in models]),
    ):
        _require_equal(models, name, values, ResultError)


def _require_own_rows(scored: ScoredModel) -> None:
    seen: set[str] = set()
    for score in scored.scores:
        expected = (scored.model.slug, scored.target_unit, scored.data_range)
        found = (score.model, score.target_unit, score.data_range)
        if found != expected:
            raise ResultError(
                f"{scored.model}: the row of {score.exam_id} says {found}, expected {expected}. "
                "Train this model again."
            )
        if score.exam_id in seen:
            raise ResultError(f"{scored.model}: {score.exam_id} is scored twice. Train this model again.")
        seen.add(score.exam_id)


def _require_equal(
    models: Sequence[ScoredModel], name: str, values: Sequence[str], error: type[ResultError | UnitError]
) -> None:
    groups: dict[str, list[str]] = {}
    for scored, value in zip(models, values, strict=True):
        groups.setdefault(value, []).append(scored.model.slug)
    if len(groups) > 1:
        described = "; ".join(f"{value}: {_some(slugs)}" for value, slugs in groups.items())
        raise error(
            f"The models differ in their {name} ({described}). Models are compared only when it is the "
            "same: train the older ones again, or choose a sweep without them."
        )


def common_examinations(tables: Mapping[ModelId, Iterable[str]]) -> tuple[str, ...]:
    """Identifiers of the examinations that every model was scored on, sorted.

    A model may lack an examination only where one of its sequences was not acquired. Which sequences
    an examination has is known from the models that were scored on it.

    Raises:
        ResultError: a model lacks an examination whose sequences it could read, or no examination is
            common to all.
    """
    scored = {model: set(exam_ids) for model, exam_ids in tables.items()}
    acquired: dict[str, set[sequences.Sequence]] = {}
    for model, exam_ids in scored.items():
        for exam_id in exam_ids:
            acquired.setdefault(exam_id, set()).update(model.combination.sequences)
    gaps = [
        f"{model} lacks {_some(lacking)}"
        for model, exam_ids in scored.items()
        if (
            lacking := sorted(
                exam_id
                for exam_id, found in acquired.items()
                if exam_id not in exam_ids and model.combination.usable_with(found)
            )
        )
    ]
    if gaps:
        raise ResultError(
            f"The models were not scored on the same held-out examinations: {'; '.join(gaps[:5])}"
            f"{f'; and {len(gaps) - 5} more models' if len(gaps) > 5 else ''}. Every model must be scored "
            "on every examination whose sequences it reads: train the models named here again."
        )
    common = set.intersection(*scored.values()) if scored else set()
    if not common:
        raise ResultError(
            f"No held-out examination is common to all {len(scored)} models. Choose a sweep of models "
            "whose sequences were acquired together, or hold out more examinations."
        )
    return tuple(sorted(common))


def rank_models(means: Mapping[ModelId, float], *, higher_is_better: bool = True) -> tuple[ModelId, ...]:
    """Models from best to worst; equal means: fewer sequences first, then by name; NaN comes last."""

    def key(model: ModelId) -> tuple[bool, float, int, str]:
        mean = means[model]
        signed = -mean if higher_is_better else mean
        missing = bool(np.isnan(mean))
        return missing, 0.0 if missing else signed, len(model.combination.sequences), model.slug

    return tuple(sorted(means, key=key))


def leaderboard(models: Sequence[ScoredModel], sort_by: str) -> tuple[LeaderboardRow, ...]:
    """Rank models by the mean of a column over their common examinations.

    Raises:
        UnitError: see `require_one_standard`.
        ResultError: see `require_one_standard` and `common_examinations`.
        UsageError: there is no such column.
    """
    require_one_standard(models)
    return rerank([_row(model.slug, scores) for model, scores in restrict(models).items()], sort_by)


def rerank(rows: Sequence[LeaderboardRow], sort_by: str) -> tuple[LeaderboardRow, ...]:
    """The same rows ordered and numbered by the mean of another column; a bias by its size.

    Raises:
        UsageError: there is no such column.
    """
    if sort_by not in HIGHER_IS_BETTER:
        raise UsageError(f"'{sort_by}' is not a column; give one of {', '.join(HIGHER_IS_BETTER)}.")
    by_model = {ModelId.parse(row.model): row for row in rows}
    means = {
        model: abs(row.mean[sort_by]) if sort_by == "lesion_bias" else row.mean[sort_by]
        for model, row in by_model.items()
    }
    ranked = rank_models(means, higher_is_better=HIGHER_IS_BETTER[sort_by])
    return tuple(replace(by_model[model], rank=rank) for rank, model in enumerate(ranked, start=1))


def restrict(models: Sequence[ScoredModel]) -> dict[ModelId, tuple[ExamScore, ...]]:
    """Scores of every model on the common examinations, in the same order for all.

    Raises:
        ResultError: see `common_examinations`.
    """
    common = common_examinations(
        {scored.model: [score.exam_id for score in scored.scores] for scored in models}
    )
    return {scored.model: in_order(scored.scores, common) for scored in models}


def in_order(scores: Iterable[ExamScore], exam_ids: Sequence[str]) -> tuple[ExamScore, ...]:
    """The scores of the given examinations in the given order; each must be there."""
    by_exam = {score.exam_id: score for score in scores}
    return tuple(by_exam[exam_id] for exam_id in exam_ids)


def summarise(name: str, scores: Sequence[ExamScore]) -> LeaderboardRow:
    """Row of something that is not ranked, such as a trivial baseline; its rank is 0."""
    return _row(name, scores)


def _row(name: str, scores: Sequence[ExamScore]) -> LeaderboardRow:
    statistics = {column: mean_and_sd(column_values(scores, column)) for column in HIGHER_IS_BETTER}
    return LeaderboardRow(
        rank=0,
        model=name,
        examinations=len(scores),
        patients=len({score.subject_id for score in scores}),
        lesion_examinations=sum(has_lesion(score) for score in scores),
        mean={column: mean for column, (mean, _) in statistics.items()},
        sd={column: sd for column, (_, sd) in statistics.items()},
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
