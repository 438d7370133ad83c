"""Does synthetic CBV help readers to decide? Tables of readers' probabilities, with and without it.

A task is one yes-or-no question (high grade? recurrence?), asked of many examinations. For each task and
reader: the area under the ROC curve without and with synthetic CBV, DeLong's test of the two, the
category-free net reclassification improvement and the integrated discrimination improvement, each with
its p value corrected for the number of tasks. For each task: the mean area of all readers, by Obuchowski
and Rockette's test. For each task and pair of readers: Cohen's kappa of their calls.

Examinations are taken as independent, as DeLong's test has it: give one examination for each patient, or
say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from cbvsynth.domain.options import CovarianceMethod
from cbvsynth.domain.statistics.agreement import Kappa, cohen_kappa
from cbvsynth.domain.statistics.multi_reader import MultiReader, multi_reader
from cbvsynth.domain.statistics.multiplicity import bonferroni
from cbvsynth.domain.statistics.reclassification import (
    IntegratedDiscrimination,
    NetReclassification,
    integrated_discrimination,
    net_reclassification,
)
from cbvsynth.domain.statistics.roc import Auc, AucComparison, RocCurve, auc, compare_auc, roc_curve
from cbvsynth.errors import DataError

CALL_FROM = 0.5
"""Lowest probability that counts as a call of 'yes', for kappa. Ours; the paper names none."""

STANDARD, WITH_CBV = "standard MRI", "standard MRI and synthetic CBV"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Read:
    """What one reader said about one examination, before and after synthetic CBV was shown."""

    exam_id: str
    truth: bool
    p_standard: float
    """Probability (0-1) of 'yes' from standard MRI."""
    p_with_cbv: float
    """The same with the synthetic CBV map beside."""
    reader: str
    task: str


@dataclass(frozen=True)
class Corrected:
    """A p value, and Bonferroni's correction of it over the tasks."""

    p_value: float
    corrected: float


@dataclass(frozen=True)
class TaskResult:
    """One reader's row for one task; None where a statistic cannot be computed, `notes` say why."""

    task: str
    reader: str
    examinations: int
    events: int
    standard: Auc | None
    with_cbv: Auc | None
    comparison: AucComparison | None
    """First is with synthetic CBV, so that a positive z favours it."""
    nri: NetReclassification | None
    idi: IntegratedDiscrimination | None
    p_auc: Corrected | None
    p_nri: Corrected | None
    p_idi: Corrected | None
    curves: tuple[RocCurve, RocCurve] | None
    """Without and with synthetic CBV."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TaskTogether:
    """A task's readers taken together, on the examinations that all of them read."""

    task: str
    readers: tuple[str, ...]
    examinations: int
    left_out: int
    """Examinations that not every reader read."""
    comparison: MultiReader | None
    """Second is with synthetic CBV, so that a positive difference favours it."""
    p_random: Corrected | None
    p_fixed: Corrected | None
    note: str


@dataclass(frozen=True)
class ReaderAgreement:
    """Two readers' calls on the examinations of a task that both read."""

    task: str
    readers: tuple[str, str]
    information: str
    examinations: int
    kappa: Kappa | None
    note: str


@dataclass(frozen=True)
class ClinicalAnalysis:
    """All results, in the order in which tasks and readers first occur."""

    tasks: tuple[str, ...]
    results: tuple[TaskResult, ...]
    together: tuple[TaskTogether, ...]
    """Of the tasks that more than one reader read."""
    agreements: tuple[ReaderAgreement, ...]


def analyse_reads(
    reads: Sequence[Read], covariances: CovarianceMethod = CovarianceMethod.DELONG
) -> ClinicalAnalysis:
    """Every statistic for every task and reader; `covariances` are those of the test of all readers.

    Raises:
        DataError: there is no read.
    """
    if not reads:
        raise DataError("There is no read; expected at least one row. Fill the table first.")
    tasks = tuple(dict.fromkeys(read.task for read in reads))
    readers = tuple(dict.fromkeys(read.reader for read in reads))
    raw = {
        (task, reader): _evaluate(task, reader, chosen)
        for task in tasks
        for reader in readers
        if (chosen := [read for read in reads if (read.task, read.reader) == (task, reader)])
    }
    results = [_corrected(raw, task, reader, len(tasks)) for task, reader in raw]
    together = [
        _together(task, chosen, len(tasks), covariances)
        for task, chosen in ((task, [read for read in reads if read.task == task]) for task in tasks)
        if len({read.reader for read in chosen}) > 1
    ]
    return ClinicalAnalysis(tasks, tuple(results), tuple(together), tuple(_agreements(reads, tasks, readers)))


@dataclass(frozen=True)
class _Raw:
    reads: Sequence[Read]
    standard: Auc | None
    with_cbv: Auc | None
    comparison: AucComparison | None
    nri: NetReclassification | None
    idi: IntegratedDiscrimination | None
    curves: tuple[RocCurve, RocCurve] | None
    notes: tuple[str, ...]


def _evaluate(task: str, reader: str, reads: Sequence[Read]) -> _Raw:
    truth = [int(read.truth) for read in reads]
    before, after = [read.p_standard for read in reads], [read.p_with_cbv for read in reads]
    notes: list[str] = []

    def attempt(name: str, compute: Callable[[], Result]) -> Result | None:
        try:
            return compute()
        except DataError as error:
            notes.append(f"{task}, {reader}, {name}: {error}")
            return None

    standard = attempt("AUC", lambda: auc(truth, before))
    if standard is None:
        return _Raw(reads, None, None, None, None, None, None, tuple(notes))
    return _Raw(
        reads=reads,
        standard=standard,
        with_cbv=auc(truth, after),
        comparison=attempt("DeLong's test", lambda: compare_auc(truth, after, before)),
        nri=attempt("NRI", lambda: net_reclassification(truth, before, after)),
        idi=attempt("IDI", lambda: integrated_discrimination(truth, before, after)),
        curves=(roc_curve(truth, before), roc_curve(truth, after)),
        notes=tuple(notes),
    )


def _corrected(raw: dict[tuple[str, str], _Raw], task: str, reader: str, tasks: int) -> TaskResult:
    row = raw[task, reader]

    def correct(
        statistic: AucComparison | NetReclassification | IntegratedDiscrimination | None,
    ) -> Corrected | None:
        return None if statistic is None else _of_tasks(statistic.p_value, tasks)

    return TaskResult(
        task=task,
        reader=reader,
        examinations=len(row.reads),
        events=sum(read.truth for read in row.reads),
        standard=row.standard,
        with_cbv=row.with_cbv,
        comparison=row.comparison,
        nri=row.nri,
        idi=row.idi,
        p_auc=correct(row.comparison),
        p_nri=correct(row.nri),
        p_idi=correct(row.idi),
        curves=row.curves,
        notes=row.notes,
    )


def _of_tasks(p_value: float, tasks: int) -> Corrected:
    """Corrected for every task that was asked, also one whose p value could not be computed."""
    return Corrected(p_value, float(bonferroni([p_value, *[1.0] * (tasks - 1)])[0]))


def _together(task: str, reads: Sequence[Read], tasks: int, covariances: CovarianceMethod) -> TaskTogether:
    readers = tuple(dict.fromkeys(read.reader for read in reads))
    by_place = {(read.exam_id, read.reader): read for read in reads}
    exams = tuple(dict.fromkeys(read.exam_id for read in reads))
    whole = [exam for exam in exams if all((exam, reader) in by_place for reader in readers)]
    scores = np.array(
        [
            [[getattr(by_place[exam, reader], column) for exam in whole] for reader in readers]
            for column in ("p_standard", "p_with_cbv")
        ]
    )
    try:
        truth = [int(by_place[exam, readers[0]].truth) for exam in whole]
        found = multi_reader(truth, scores, method=covariances)
    except DataError as error:
        return TaskTogether(task, readers, len(whole), len(exams) - len(whole), None, None, None, str(error))
    return TaskTogether(
        task=task,
        readers=readers,
        examinations=len(whole),
        left_out=len(exams) - len(whole),
        comparison=found,
        p_random=_of_tasks(found.random_readers.p_value, tasks),
        p_fixed=_of_tasks(found.fixed_readers.p_value, tasks),
        note="",
    )


def _agreements(reads: Sequence[Read], tasks: Sequence[str], readers: Sequence[str]) -> list[ReaderAgreement]:
    by_place = {(read.task, read.reader, read.exam_id): read for read in reads}
    found = []
    for task in tasks:
        for first, second in combinations(readers, 2):
            pairs = [
                (read, by_place[task, second, read.exam_id])
                for read in reads
                if (read.task, read.reader) == (task, first) and (task, second, read.exam_id) in by_place
            ]
            if not pairs:
                continue
            for information, column in ((STANDARD, "p_standard"), (WITH_CBV, "p_with_cbv")):
                calls = [[int(getattr(read, column) >= CALL_FROM) for read in pair] for pair in pairs]
                found.append(_agreement(task, (first, second), information, calls))
    return found


def _agreement(
    task: str, readers: tuple[str, str], information: str, calls: Sequence[Sequence[int]]
) -> ReaderAgreement:
    table = [[sum(pair == [one, two] for pair in calls) for two in (0, 1)] for one in (0, 1)]
    try:
        kappa, note = cohen_kappa(table), ""
    except DataError as error:
        kappa, note = None, str(error)
    return ReaderAgreement(task, readers, information, len(calls), kappa, note)
