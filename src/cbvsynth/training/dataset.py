"""The cached examinations as a model sees them: chosen, normalised, ready to be learned from."""

from __future__ import annotations

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cbvsynth.domain.metrics import lesion_region
from cbvsynth.domain.options import Switch
from cbvsynth.domain.sequences import Combination
from cbvsynth.domain.strata import stratum_weights
from cbvsynth.domain.wording import counted
from cbvsynth.errors import TrainingError, UsageError, VolumeError
from cbvsynth.records.examinations import CachedExamination, ExaminationIndex, Float32Array
from cbvsynth.training.data import TrainingExample
from cbvsynth.training.normalise import normalise_arrays

KEPT_BYTES = 1 << 30
"""Normalised examinations are kept in memory up to 1 GiB; those beyond are normalised at every load."""


@dataclass(frozen=True)
class Emphasis:
    """What counts more than the rest of the brain; by default nothing does, as in the paper."""

    lesion_weight: float = 1.0
    """What an error in a segmented lesion counts, 1 elsewhere."""
    strata: Switch = Switch.OFF
    """Whether each stratum of CBV counts as much as any other."""
    region_weight: float = 0.0
    """Above 0 the region that lesion CBV is measured in is handed on, for the error of its mean."""


NO_EMPHASIS = Emphasis()


class Incomplete(StrEnum):
    """What becomes of a training examination that lacks some of the sequences: nothing, or zeros for them."""

    LEFT_OUT = "left out"
    FILLED = "filled"


def partly_usable_examinations(
    index: ExaminationIndex, split: str, combination: Combination
) -> tuple[CachedExamination, ...]:
    """Examinations of a split that have at least one sequence of the combination and a CBV map.

    Raises:
        TrainingError: there are none.
    """
    found = tuple(
        examination
        for examination in index.of_split(split)
        if set(examination.sequences) & set(combination.sequences) and index.has(examination.exam_id, "cbv")
    )
    if not found:
        raise TrainingError(
            f"No examination of the {split} split has any of {combination.label} and a CBV map; expected at "
            "least one. Add examinations and run preprocess again."
        )
    return found


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
        emphasis: what counts more than the rest.
        incomplete: what becomes of examinations without some of the sequences.

    Raises:
        TrainingError: no training examination has the sequences and a CBV map.
        UsageError: cbv_max is not a positive, finite number.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # what to learn from, and how it is seen; all but two have a default
        self,
        index: ExaminationIndex,
        combination: Combination,
        cbv_max: float,
        kept_bytes: int = KEPT_BYTES,
        emphasis: Emphasis = NO_EMPHASIS,
        incomplete: Incomplete = Incomplete.LEFT_OUT,
    ) -> None:
        if not (np.isfinite(cbv_max) and cbv_max > 0):
            raise UsageError(f"cbv_max is {cbv_max}, expected a positive number; change the flag --cbv_max.")
        self._index = index
        self._combination = combination
        self._cbv_max = cbv_max
        self._free_bytes = kept_bytes
        self._emphasis = emphasis
        self._kept: dict[int, TrainingExample] = {}
        usable = usable_examinations if incomplete is Incomplete.LEFT_OUT else partly_usable_examinations
        self._examinations = usable(index, "train", combination)

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
        size = sum(part.nbytes for part in example.parts)
        if size <= self._free_bytes:
            self._free_bytes -= size
            self._kept[index] = example
        return example

    def _normalised(self, examination: CachedExamination) -> TrainingExample:
        wanted = self._combination.sequences
        present = Combination(tuple(sequence for sequence in wanted if sequence in examination.sequences))
        raw = raw_inputs(self._index, examination, present)
        try:
            inputs, foreground = normalise_arrays(
                {sequence: raw[sequence.value] for sequence in present.sequences}
            )
        except VolumeError as error:
            raise VolumeError(
                f"{examination.exam_id}: {error}. Run validate and preprocess again."
            ) from error
        if present != self._combination:
            every = np.zeros((*foreground.shape, len(wanted)), np.float32)
            every[..., [wanted.index(sequence) for sequence in present.sequences]] = inputs
            inputs = every
        cbv = np.asarray(self._index.array(examination.exam_id, "cbv"), np.float32)
        if cbv.shape != foreground.shape or not np.isfinite(cbv).all():
            raise VolumeError(
                f"{examination.exam_id}: the CBV map has shape {cbv.shape} and "
                f"{counted(int(np.count_nonzero(~np.isfinite(cbv))), 'voxel')} that are not finite; "
                "expected shape "
                f"{foreground.shape} and none. Run validate and preprocess again."
            )
        weights = foreground if self._emphasis.strata is Switch.OFF else stratum_weights(cbv, foreground > 0)
        region = self._region(examination, foreground) if self._emphasis.region_weight else None
        if self._emphasis.lesion_weight != 1.0 and self._index.has(examination.exam_id, "seg"):
            lesion = self._lesion(examination, foreground) > 0
            weights = np.where(lesion, weights * np.float32(self._emphasis.lesion_weight), weights)
        return TrainingExample(inputs, cbv / np.float32(self._cbv_max), weights, region)

    def _lesion(self, examination: CachedExamination, foreground: Float32Array) -> Float32Array:
        """1 in a segmented lesion of the brain, else 0; 0 everywhere without a segmentation."""
        if not self._index.has(examination.exam_id, "seg"):
            return np.zeros_like(foreground)
        lesion = np.asarray(self._index.array(examination.exam_id, "seg")) > 0
        return lesion.astype(np.float32) * foreground

    def _region(self, examination: CachedExamination, foreground: Float32Array) -> Float32Array:
        """1 where the lesion's CBV is measured, else 0; 0 everywhere without a segmentation."""
        if not self._index.has(examination.exam_id, "seg"):
            return np.zeros_like(foreground)
        seg = np.asarray(self._index.array(examination.exam_id, "seg"))
        return lesion_region(seg, foreground > 0).astype(np.float32)
