"""The stored synthetic maps of a model, beside what they were made from and what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.sequences import ModelId, Sequence
from cbvsynth.errors import ResultError
from cbvsynth.pages.pictures.montage import MontageRow, telling_slice
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex
from cbvsynth.records.examples import EXAMPLES_FILE

ANATOMY = (Sequence.T1C, Sequence.FLAIR, Sequence.T1, Sequence.T2, Sequence.ADC, Sequence.ASL)
"""Which sequence to show beside the maps; the paper shows T1C."""


def montage_rows(
    index: ExaminationIndex,
    maps: dict[str, npt.NDArray[np.float32]],
    model: ModelId,
    sds: Mapping[str, npt.NDArray[np.float32]] = MappingProxyType({}),
) -> tuple[Sequence, list[MontageRow]]:
    """One slice of every example, and the sequence shown beside the maps: T1C where all have it.

    Args:
        index: cached examinations.
        maps: by exam_id, (X, Y, Z), target unit.
        model: what made them.
        sds: how sure the maps are, likewise; of a model that learned no spread, none.

    Raises:
        ResultError: a map is of an examination that is not cached, or has another shape.
    """
    cached = {entry.exam_id: entry for entry in index.examinations}
    unknown = sorted({*maps, *sds} - set(cached))
    if unknown:
        raise ResultError(
            f"{model}: {EXAMPLES_FILE} has a map of {unknown[0]}, which is not among the cached "
            "examinations. Train it again."
        )
    shown = [cached[name] for name in maps]
    anatomy = next(
        sequence
        for sequence in (*ANATOMY, model.combination.sequences[0])
        if all(sequence in entry.sequences for entry in shown)
    )
    return anatomy, [
        _row(index, entry, maps[entry.exam_id], anatomy, sds.get(entry.exam_id)) for entry in shown
    ]


def _row(
    index: ExaminationIndex,
    entry: CachedExamination,
    synthetic: npt.NDArray[np.float32],
    anatomy: Sequence,
    sd: npt.NDArray[np.float32] | None,
) -> MontageRow:
    for stored in (synthetic, sd):
        if stored is not None and stored.shape != entry.shape:
            raise ResultError(
                f"{entry.exam_id}: the stored map has shape {stored.shape}, the examination {entry.shape}. "
                "Train the model again."
            )
    brain = np.asarray(index.array(entry.exam_id, "mask"), dtype=np.bool_)
    lesion = np.zeros_like(brain)
    if index.has(entry.exam_id, "seg"):
        lesion = lesion_region(np.asarray(index.array(entry.exam_id, "seg"), dtype=np.uint8), brain)
    place = telling_slice(brain, lesion)

    def image(name: str) -> npt.NDArray[np.float32]:
        return np.asarray(index.array(entry.exam_id, name)[:, :, place], dtype=np.float32)

    return MontageRow(
        label=entry.exam_id + (f"\n{entry.diagnosis}" if entry.diagnosis else ""),
        anatomy=image(anatomy.value),
        real=image("cbv"),
        synthetic=synthetic[:, :, place],
        brain=brain[:, :, place],
        lesion=lesion[:, :, place],
        spacing_mm=entry.spacing_mm[:2],
        sd=None if sd is None else sd[:, :, place],
    )
