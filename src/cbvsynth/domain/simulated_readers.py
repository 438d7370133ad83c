"""Simulated readers, to show the clinical tables at work before anyone has read a map.

A simulated reader judges a lesion by a few numbers: its signal relative to normal-appearing white matter
on each standard sequence, and with a CBV map its mean CBV and its hot-spot nCBV. Nobody reads such numbers
exactly, so each is given an error of the reader's own. A cross-validated logistic regression turns them
into a probability. How much CBV helps depends on the size of that error, which is a choice: the result
says nothing about human readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cbvsynth.domain.clinical import Read
from cbvsynth.domain.map_measures import MapKind
from cbvsynth.domain.sequences import PAPER_SEQUENCES
from cbvsynth.domain.statistics.logistic import cross_validated
from cbvsynth.errors import DataError


@dataclass(frozen=True)
class Task:
    """A yes-or-no question between two diagnoses."""

    name: str
    yes: str
    no: str


TASKS = (
    Task("glioma: high grade", "high-grade glioma", "low-grade glioma"),
    Task("glioma: recurrence, not treatment effect", "high-grade glioma", "radionecrosis"),
    Task("metastasis: recurrence, not treatment effect", "metastasis", "radionecrosis"),
)
"""After the paper's: grading, and recurrence against treatment response in gliomas and in metastases."""


@dataclass(frozen=True)
class LesionFeatures:
    """What can be read off one lesion, all above 0; one examination for each patient."""

    exam_id: str
    patient: str
    task: str
    truth: bool
    signal: tuple[float, ...]
    """Lesion over normal-appearing white matter, for T1, T2, T1C, T2-FLAIR, ADC."""
    cbv: tuple[float, float]
    """Mean CBV of the lesion in mL/100 g, and hot-spot nCBV, of the map that is read."""
    mean_cbv: Mapping[MapKind, float]
    """Mean CBV of the lesion in mL/100 g, of either map."""


def simulate_reads(
    lesions: Sequence[LesionFeatures],
    readers: Sequence[str],
    *,
    reading_error: float,
    folds: int,
    rng: np.random.Generator,
) -> tuple[Read, ...]:
    """Probabilities of every reader for every lesion, without and with CBV.

    Args:
        lesions: of all tasks.
        readers: their names.
        reading_error: standard deviation of the error, as a share of what is read.
        folds: of the cross-validation; patients are never split.
        rng: source of errors and folds.

    Raises:
        DataError: a feature that is not above 0, a negative error, or too few patients for the folds.
    """
    if reading_error < 0:
        raise DataError(f"The reading error is {reading_error:g}; expected 0 or more, as 0.3.")
    reads: list[Read] = []
    for task in dict.fromkeys(lesion.task for lesion in lesions):
        chosen = [lesion for lesion in lesions if lesion.task == task]
        exact = np.array([[*lesion.signal, *lesion.cbv] for lesion in chosen])
        if not (exact > 0).all():
            raise DataError(f"'{task}': a lesion has a signal or CBV that is not above 0; leave it out.")
        for reader in readers:
            read = np.log(exact) + reading_error * rng.standard_normal(exact.shape)
            dealing = int(rng.integers(0, 1 << 32))
            without, with_cbv = (
                cross_validated(
                    features,
                    [int(lesion.truth) for lesion in chosen],
                    [lesion.patient for lesion in chosen],
                    folds=folds,
                    rng=np.random.default_rng(dealing),
                )
                for features in (read[:, : len(PAPER_SEQUENCES)], read)
            )
            reads += [
                Read(lesion.exam_id, lesion.truth, float(one), float(other), reader, task)
                for lesion, one, other in zip(chosen, without, with_cbv, strict=True)
            ]
    return tuple(reads)
