"""The cached examinations as a model sees them: chosen, normalised, ready to be learned from."""

from __future__ import annotations

from collections.abc import Sequence as Ordered

import numpy as np

from cbvsynth.domain.sequences import Combination
from cbvsynth.domain.wording import counted
from cbvsynth.errors import TrainingError, UsageError, VolumeError
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, Float32Array
from cbvsynth.training.data import TrainingExample
from cbvsynth.training.normalise import normalise_arrays

KEPT_BYTES = 1 << 30
"""Normalised examinations are kept in memory up to 1 GiB; those beyond are normalised at every load."""


def usable_examinations(
    index: ExaminationIndex, split: str, combination: Combination
) -> tuple[CachedExamination, ...]:
    """Examinations of a split that have all sequences of the combination and a CBV map.

    Raises:
        TrainingError: there are none.
    """
    of_split = index.of_split(split)
    found = tuple(
        examination
        for examination in index.of_split(split, combination.sequences)
        if index.has(examination.exam_id, "cbv")
    )
    if not found:
        raise TrainingError(
            f"None of the {counted(len(of_split), 'examination')} of the {split} split has "
            f"{combination.label} and a CBV map; expected at least one. Choose a model with other sequences, "
            "or add examinations and run preprocess again."
        )
    return found


def raw_inputs(
    index: ExaminationIndex, examination: CachedExamination, combination: Combination
) -> dict[str, Float32Array]:
    """The inputs of one examination as a served model takes them: name -> (H, W, D), raw intensities.

    Raises:
        ResultError: an array is missing or damaged.
    """
    return {
        sequence.value: np.asarray(index.array(examination.exam_id, sequence.value), np.float32)
        for sequence in combination.sequences
    }


class CachedTrainingData:
    """Normalised training examinations; satisfies `TrainingData`.

    Args:
        index: cached examinations, as preprocess wrote them.
        combination: the sequences to learn from.
        cbv_max: CBV that becomes 1 in the target, in the index's target unit.
        kept_bytes: how much to keep in memory.
        lesion_weight: what an error in a segmented lesion counts, 1 elsewhere.

    Raises:
        TrainingError: no training examination has the sequences and a CBV map.
        UsageError: cbv_max is not a positive, finite number.
    """

    def __init__(
        self,
        index: ExaminationIndex,
        combination: Combination,
        cbv_max: float,
        kept_bytes: int = KEPT_BYTES,
        lesion_weight: float = 1.0,
    ) -> None:
        if not (np.isfinite(cbv_max) and cbv_max > 0):
            raise UsageError(f"cbv_max is {cbv_max}, expected a positive number; change the flag --cbv_max.")
        self._index = index
        self._combination = combination
        self._cbv_max = cbv_max
        self._free_bytes = kept_bytes
        self._lesion_weight = lesion_weight
        self._kept: dict[int, TrainingExample] = {}
        self._examinations = usable_examinations(index, "train", combination)

    @property
    def examinations(self) -> Ordered[CachedExamination]:
        """The training examinations, by number."""
        return self._examinations

    def __len__(self) -> int:
        """Number of training examinations."""
        return len(self._examinations)

    def load(self, index: int) -> TrainingExample:
        """Examination number `index`; the same values at every call.

        Raises:
            VolumeError: an input or the CBV map cannot be learned from.
            ResultError: an array is missing or damaged.
        """
        if index in self._kept:
            return self._kept[index]
        example = self._normalised(self._examinations[index])
        size = example.inputs.nbytes + example.target.nbytes + example.foreground.nbytes
        if size <= self._free_bytes:
            self._free_bytes -= size
            self._kept[index] = example
        return example

    def _normalised(self, examination: CachedExamination) -> TrainingExample:
        raw = raw_inputs(self._index, examination, self._combination)
        try:
            inputs, foreground = normalise_arrays(
                {sequence: raw[sequence.value] for sequence in self._combination.sequences}
            )
        except VolumeError as error:
            raise VolumeError(
                f"{examination.exam_id}: {error}. Run validate and preprocess again."
            ) from error
        cbv = np.asarray(self._index.array(examination.exam_id, "cbv"), np.float32)
        if cbv.shape != foreground.shape or not np.isfinite(cbv).all():
            raise VolumeError(
                f"{examination.exam_id}: the CBV map has shape {cbv.shape} and "
                f"{counted(int(np.count_nonzero(~np.isfinite(cbv))), 'voxel')} that are not finite; "
                "expected shape "
                f"{foreground.shape} and none. Run validate and preprocess again."
            )
        if self._lesion_weight != 1.0 and self._index.has(examination.exam_id, "seg"):
            lesion = np.asarray(self._index.array(examination.exam_id, "seg")) > 0
            foreground = np.where(lesion, foreground * np.float32(self._lesion_weight), foreground)
        return TrainingExample(inputs, cbv / np.float32(self._cbv_max), foreground)
