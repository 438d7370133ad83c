"""Scores of the trivial baselines on the held-out examinations, learned from the training examinations."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cbvsynth.domain.baselines import BaselineExample, learn_baselines
from cbvsynth.domain.metrics import score_examination
from cbvsynth.domain.options import Baseline
from cbvsynth.domain.scores import ExamScore
from cbvsynth.domain.selection.records import ScoredModel
from cbvsynth.domain.splits import HELD_OUT, TRAIN
from cbvsynth.errors import ResultError
from cbvsynth.progress import progress_bar
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex


def require_same_data(index: ExaminationIndex, models: Collection[ScoredModel]) -> None:
    """Refuse models that were not scored on exactly the held-out examinations of this index.

    Raises:
        ResultError: another version of the data, or other examinations than the index holds out.
    """
    for scored in models:
        if scored.data_fingerprint != index.data_fingerprint:
            raise ResultError(
                f"{scored.model} was trained on data {scored.data_fingerprint[:12]}, the cached examinations "
                f"are {index.data_fingerprint[:12]}. Train it again on the present data, or give the "
                "examinations that it was trained on."
            )
        expected = {entry.exam_id for entry in index.of_split(HELD_OUT, scored.model.combination.sequences)}
        found = {score.exam_id for score in scored.scores}
        if expected != found:
            different = sorted(expected ^ found)
            raise ResultError(
                f"{scored.model} was scored on {len(found)} examinations, {len(expected)} are held out for "
                f"its sequences; different: {', '.join(different[:5])}"
                f"{' ...' if len(different) > 5 else ''}. Train it again."
            )


def score_baselines(
    index: ExaminationIndex,
    exam_ids: Collection[str],
    data_range: float,
    learned_from: ExaminationIndex | None = None,
) -> tuple[ExamScore, ...]:
    """Score every trivial baseline on the given held-out examinations, baseline by baseline.

    Args:
        index: the cached examinations.
        exam_ids: held-out examinations that at least one model was scored on.
        data_range: SSIM's dynamic range, the same as the models', target unit.
        learned_from: examinations whose training split teaches the baselines; those of `index` by default.

    Raises:
        ResultError: an array is missing or damaged.
        DataError: no training examination, or an examination that cannot be scored.
    """
    teaching = learned_from or index
    training = teaching.of_split(TRAIN)
    baselines = learn_baselines(
        _example(teaching, entry) for entry in progress_bar(training, desc="learn baselines", unit="exam")
    )
    held_out = [entry for entry in index.of_split(HELD_OUT) if entry.exam_id in exam_ids]
    scores: dict[Baseline, list[ExamScore]] = {baseline: [] for baseline in Baseline}
    for entry in progress_bar(held_out, desc="score baselines", unit="exam"):
        example = _example(index, entry)
        for baseline, rows in scores.items():
            rows.append(
                score_examination(
                    example.cbv,
                    baselines.predict(baseline, example),
                    example.mask,
                    example.seg,
                    voxel_ml=entry.voxel_ml,
                    data_range=data_range,
                    model=baseline.value,
                    exam_id=entry.exam_id,
                    subject_id=entry.subject_id,
                    diagnosis=entry.diagnosis,
                    target_unit=entry.target_unit,
                )
            )
    return tuple(score for rows in scores.values() for score in rows)


def _example(index: ExaminationIndex, entry: CachedExamination) -> BaselineExample:
    return BaselineExample(
        inputs={
            sequence: index.array(entry.exam_id, sequence.value).astype("float32", copy=False)
            for sequence in entry.sequences
        },
        cbv=index.array(entry.exam_id, "cbv").astype("float32", copy=False),
        mask=index.array(entry.exam_id, "mask").astype("bool", copy=False),
        seg=index.array(entry.exam_id, "seg").astype("uint8", copy=False)
        if index.has(entry.exam_id, "seg")
        else None,
    )


def all_exam_ids(models: Collection[ScoredModel]) -> Iterator[str]:
    """Every examination that at least one model was scored on, each once, sorted."""
    yield from sorted({score.exam_id for scored in models for score in scored.scores})
