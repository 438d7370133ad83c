"""Scores on the held-out examinations, of the exported model: what is scored is what will be served."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.metrics import score_examination
from cbvsynth.domain.region_errors import RegionError, region_errors
from cbvsynth.domain.scores import ExamScore
from cbvsynth.errors import UnitError
from cbvsynth.progress import progress_bar
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, Float32Array
from cbvsynth.signature import OUTPUT, OUTPUT_SD
from cbvsynth.training.dataset import raw_inputs
from cbvsynth.training.saved_model import ExportedModel


@dataclass(frozen=True, eq=False)
class ScoredMaps:
    """What a model made of the held-out examinations, each against its real map."""

    scores: tuple[ExamScore, ...]
    regions: tuple[RegionError, ...]
    maps: Mapping[str, Float32Array]
    """The wanted maps by exam_id: (H, W, D), in the target unit."""
    sds: Mapping[str, Float32Array]
    """How sure each of them is, likewise; empty where the model learned no spread."""


def score_model(
    model: ExportedModel,
    index: ExaminationIndex,
    examinations: Ordered[CachedExamination],
    kept: frozenset[str] = frozenset(),
) -> ScoredMaps:
    """Synthesise every examination and compare it with the real map.

    Args:
        model: read back from disk.
        index: cached examinations, as preprocess wrote them.
        examinations: those to score; each has the model's sequences and a CBV map.
        kept: exam_ids whose synthetic maps are wanted.

    Returns:
        A score per examination, in the given order, errors by region, and the wanted maps with their spread.

    Raises:
        UnitError: the model answers in another unit than the real maps have.
        ModelError: the model was trained on another preprocessing version.
        VolumeError: an examination is not what the model accepts.
        ResultError: an array is missing or damaged.
    """
    description = model.description
    if description.target_unit is not index.target_unit:
        raise UnitError(
            f"{description.model} answers in {description.target_unit}, the examinations are in "
            f"{index.target_unit}; the two must agree. Train a model on these examinations."
        )
    description.require_preprocessing(index.preprocessing_version)
    scores: list[ExamScore] = []
    regions: list[RegionError] = []
    maps: dict[str, Float32Array] = {}
    sds: dict[str, Float32Array] = {}
    for examination in progress_bar(examinations, desc=f"{description.model} scores", unit="exam"):
        name = examination.exam_id
        raw = raw_inputs(index, examination, description.model.combination)
        answer = model.outputs({key: volume[np.newaxis] for key, volume in raw.items()})
        synthetic = answer[OUTPUT][0]
        real = np.asarray(index.array(name, "cbv"), np.float32)
        mask, seg = np.asarray(index.array(name, "mask"), np.bool_), _segmentation(index, name)
        scores.append(
            score_examination(
                real,
                synthetic,
                mask,
                seg,
                voxel_ml=examination.voxel_ml,
                data_range=description.cbv_max,
                model=description.model.slug,
                exam_id=name,
                subject_id=examination.subject_id,
                diagnosis=examination.diagnosis,
                target_unit=description.target_unit,
            )
        )
        regions.extend(
            region_errors(
                real,
                synthetic,
                mask,
                seg,
                {
                    sequence: np.asarray(index.array(name, sequence.value), np.float32)
                    for sequence in examination.sequences
                },
                examination.spacing_mm,
                exam_id=name,
                subject_id=examination.subject_id,
            )
        )
        if name in kept:
            maps[name] = synthetic
            if OUTPUT_SD in answer:
                sds[name] = answer[OUTPUT_SD][0]
    return ScoredMaps(tuple(scores), tuple(regions), maps, sds)


def example_ids(examinations: Ordered[CachedExamination], count: int) -> tuple[str, ...]:
    """The examinations to show in pictures: one of each diagnosis in turn, by exam_id, up to a count."""
    groups: dict[str, list[str]] = {}
    for examination in sorted(examinations, key=lambda item: item.exam_id):
        groups.setdefault(examination.diagnosis, []).append(examination.exam_id)
    rounds = zip_longest(*(groups[diagnosis] for diagnosis in sorted(groups)))
    return tuple(sorted([name for name in chain.from_iterable(rounds) if name is not None][:count]))


def _segmentation(index: ExaminationIndex, exam_id: str) -> npt.NDArray[np.uint8] | None:
    if not index.has(exam_id, "seg"):
        return None
    return np.asarray(index.array(exam_id, "seg"), np.uint8)
