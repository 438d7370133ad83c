"""Trivial CBV maps that a model must beat, learned from the training examinations alone.

`constant-mean` paints the brain with one number; structural similarity rates it higher than one would
think (a constant map reaches 82.9 % over the whole volume where the paper's 62 models span 82.6-86.3).
`tissue-mean` paints every tissue class with its mean. Where an examination has a lesion segmentation,
each lesion label is a class of its own: knowledge that the models do not have, so that beating this map
inside a lesion is more than can be asked of every model, and losing to it outside is a bad sign.
`tissue-mean-blind` paints the same means without a look at the segmentation: a lesion has the value of the
tissue that it looks like.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cbvsynth.domain.options import Baseline
from cbvsynth.domain.sequences import Sequence
from cbvsynth.domain.tissue import Tissue, tissue_classes
from cbvsynth.errors import DataError, GridError, VolumeError

FloatArray = npt.NDArray[np.floating]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
ClassArray = npt.NDArray[np.int64]

_FIRST_LESION_CLASS = len(Tissue)
"""Lesion label l is class l - 1 + this."""


@dataclass(frozen=True)
class BaselineExample:
    """One examination as the baselines see it; arrays may be mapped from disk.

    `inputs`: (X, Y, Z) by sequence, any intensity scale. `cbv`: (X, Y, Z), target unit; read by
    `learn_baselines`, never by `predict`. `mask`: (X, Y, Z) bool, brain. `seg`: (X, Y, Z) lesion labels,
    0 is none; or None.
    """

    inputs: Mapping[Sequence, FloatArray]
    cbv: FloatArray
    mask: BoolArray
    seg: npt.NDArray[np.integer] | None = None


@dataclass(frozen=True)
class Baselines:
    """What the training examinations taught: mean CBV of the brain and of each class, target unit.

    Classes 0, 1, 2 are those of `Tissue`; 2 + l is lesion label l.
    """

    brain_mean: float
    class_means: Mapping[int, float]
    examinations: int

    def predict(self, baseline: Baseline, example: BaselineExample) -> Float32Array:
        """The trivial map of an examination: (X, Y, Z) float32, target unit, 0 outside the brain.

        A lesion label that no training examination had counts as the tissue it looks like; a tissue that
        none had gets the brain's mean.

        Raises:
            VolumeError: an empty mask; no usable sequence (both tissue means).
            GridError: the arrays do not share a grid.
        """
        _check_mask(example)
        prediction = np.zeros(example.mask.shape, dtype=np.float32)
        if baseline is Baseline.CONSTANT_MEAN:
            prediction[example.mask] = self.brain_mean
        else:
            tissues, classes = _classes(example)
            if baseline is Baseline.TISSUE_MEAN_BLIND:
                classes = tissues
            lookup = np.full(int(classes.max()) + 1, np.nan)
            for number, mean in self.class_means.items():
                if number < lookup.size:
                    lookup[number] = mean
            values = lookup[classes]
            for fallback in (lookup[tissues], self.brain_mean):
                values = np.where(np.isnan(values), fallback, values)
            prediction[example.mask] = values
        return prediction


def learn_baselines(examples: Iterable[BaselineExample]) -> Baselines:
    """Learn all baselines in one pass; one examination is in memory at a time.

    Every examination weighs the same, however many voxels it has, because scores are averaged over
    examinations as well; a class's mean is taken over the examinations that have it.

    Raises:
        DataError: no examination.
        VolumeError: an empty mask, no usable sequence, or a voxel that is not finite.
        GridError: the arrays of an examination do not share a grid.
    """
    brain_means: list[float] = []
    class_means: defaultdict[int, list[float]] = defaultdict(list)
    for example in examples:
        _check_mask(example)
        cbv = _brain_cbv(example)
        brain_means.append(float(cbv.mean()))
        _, classes = _classes(example)
        counts = np.bincount(classes)
        sums = np.bincount(classes, weights=cbv)
        for number in np.flatnonzero(counts):
            class_means[int(number)].append(float(sums[number] / counts[number]))
    if not brain_means:
        raise DataError(
            "No training examination to learn the trivial baselines from; expected at least one. "
            "Check the split in the index of preprocess."
        )
    return Baselines(
        brain_mean=_mean(brain_means),
        class_means={number: _mean(class_means[number]) for number in sorted(class_means)},
        examinations=len(brain_means),
    )


def _classes(example: BaselineExample) -> tuple[ClassArray, ClassArray]:
    """Tissue class, and class with lesion labels on top, of every brain voxel."""
    tissues = tissue_classes(example.inputs, example.mask).astype(np.int64)
    if example.seg is None:
        return tissues, tissues
    if example.seg.shape != example.mask.shape:
        raise GridError(
            f"The segmentation has shape {example.seg.shape}, the brain mask {example.mask.shape}; both "
            "must share one grid. Run preprocess first."
        )
    labels = example.seg[example.mask].astype(np.int64)
    return tissues, np.where(labels > 0, labels - 1 + _FIRST_LESION_CLASS, tissues)


def _brain_cbv(example: BaselineExample) -> npt.NDArray[np.float64]:
    if example.cbv.shape != example.mask.shape:
        raise GridError(
            f"The CBV map has shape {example.cbv.shape}, the brain mask {example.mask.shape}; both must "
            "share one grid. Run preprocess first."
        )
    cbv = example.cbv[example.mask].astype(np.float64)
    if not np.isfinite(cbv).all():
        raise VolumeError(
            f"The CBV map has {int(np.count_nonzero(~np.isfinite(cbv)))} voxels in the brain that are NaN "
            "or infinite; expected finite voxels. Check the map."
        )
    return cbv


def _check_mask(example: BaselineExample) -> None:
    if not example.mask.any():
        raise VolumeError("The brain mask is empty; expected at least one voxel. Check the mask.")


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
