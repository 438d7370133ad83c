"""A whole study: select, split, prepare what changed in parallel, write the index and the report."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from cbvsynth.config import PreprocessConfig
from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.domain.sequences import TargetUnit
from cbvsynth.domain.splits import assign_splits, report_split
from cbvsynth.domain.wording import counted
from cbvsynth.errors import DataError, UsageError
from cbvsynth.extraction import DEFAULT_BRAIN, BrainSettings
from cbvsynth.preprocessing import PREPROCESSING_VERSION
from cbvsynth.preprocessing.arrays import ArrayFacts, prepare_examination
from cbvsynth.preprocessing.cache import read_current_facts, remove_leftovers, write_arrays
from cbvsynth.preprocessing.fingerprint import data_fingerprint, examination_fingerprint
from cbvsynth.preprocessing.report import StudyReport, build_report, write_report
from cbvsynth.preprocessing.selection import common_target_unit, select_accepted
from cbvsynth.progress import progress_bar
from cbvsynth.records.decisions import read_decisions
from cbvsynth.records.examinations import INDEX_FILE, CachedExamination, ExaminationIndex, write_index
from cbvsynth.records.origins import NOT_RECORDED, Origin
from cbvsynth.study.image_files import read_files
from cbvsynth.study.manifest import recorded_manifest

_MOST_ERRORS_SHOWN = 10
MASK_PICTURES = "brain-masks"
"""Folder of the outlines of extracted masks, a PNG for each examination."""


@dataclass(frozen=True)
class Outcome:
    """What became of one examination: facts about its arrays, or the error that stopped it."""

    exam_id: str
    facts: ArrayFacts | None = None
    recomputed: bool = False
    error: DataError | None = None


@dataclass(frozen=True)
class PreparedStudy:
    """Arrays on disk: their index, which is not written yet, facts by examination, and what was done."""

    index: ExaminationIndex
    facts: Mapping[str, ArrayFacts]
    recomputed: int
    removed: tuple[str, ...]


@dataclass(frozen=True)
class PreprocessSummary:
    """What a run of preprocess did."""

    index: ExaminationIndex
    report: StudyReport
    recomputed: int
    unchanged: int
    removed: tuple[str, ...]


def preprocess_study(config: PreprocessConfig, origin: Origin = NOT_RECORDED) -> PreprocessSummary:
    """Preprocess the accepted examinations of a study into `config.out`.

    An examination whose files and settings did not change keeps its arrays. The index is removed first
    and written last, so that an interrupted run is never mistaken for a whole one.

    Args:
        config: what to prepare, and how.
        origin: who made the study, for the index.

    Raises:
        UsageError: a share, a number of workers or a folder that cannot be.
        ManifestError: the study is not the one that validate saw.
        ResultError: validate's decisions are missing or damaged.
        UnitError: the target unit is mixed.
        DataError: nothing to do, an empty side of the split, a killed worker, or examinations that could
            not be prepared; a single one's error is raised as it is.
    """
    _check(config)
    decisions = read_decisions(config.examinations)
    seen = recorded_manifest(config.examinations.parent, config.data, config.layout)
    examinations = select_accepted(seen, decisions)
    unit = common_target_unit(examinations)
    splits = assign_splits(
        examinations, config.split_by, config.held_out_share, config.seed, config.split_strata
    )
    made = prepare_study(config, unit, examinations, splits, origin)
    report = build_report(config, made.index, report_split(examinations, splits), made.facts)
    write_report(config.out, report)
    write_index(made.index)
    unchanged = len(examinations) - made.recomputed
    return PreprocessSummary(made.index, report, made.recomputed, unchanged, made.removed)


def prepare_study(
    config: PreprocessConfig,
    unit: TargetUnit,
    examinations: Sequence[Examination],
    splits: Mapping[str, str],
    origin: Origin = NOT_RECORDED,
) -> PreparedStudy:
    """Prepare examinations whose sides are known; the index of an earlier run is removed first.

    Raises:
        DataError: a killed worker, or examinations that could not be prepared.
    """
    (config.out / INDEX_FILE).unlink(missing_ok=True)
    removed = remove_leftovers(config.out, {examination.exam_id for examination in examinations})
    outcomes = _prepare_all(config, examinations)
    facts = {exam_id: outcome.facts for exam_id, outcome in outcomes.items() if outcome.facts is not None}
    index = replace(_index(config, unit, examinations, splits, facts), origin=origin)
    return PreparedStudy(index, facts, sum(outcome.recomputed for outcome in outcomes.values()), removed)


def prepare_if_changed(
    data: Path,
    out: Path,
    examination: Examination,
    register: Register = Register.OFF,
    brain: BrainSettings = DEFAULT_BRAIN,
) -> Outcome:
    """Prepare one examination unless its arrays exist already; an error in its data is an outcome, too."""
    exam_id = examination.exam_id
    try:
        files = read_files(data, examination)
        fingerprint = examination_fingerprint(data, examination, register, brain, files=files)
        facts = read_current_facts(out / exam_id, fingerprint)
        if facts is not None:
            return Outcome(exam_id, facts)
        shown = replace(brain, picture=out / MASK_PICTURES / f"{exam_id}.png")
        prepared = prepare_examination(data, examination, fingerprint, register, shown, files=files)
    except DataError as error:
        is_named = exam_id in str(error) or examination.subject_id in str(error)
        named = error if is_named else type(error)(f"{exam_id}: {error}")
        return Outcome(exam_id, error=named)
    write_arrays(out / exam_id, prepared)
    return Outcome(exam_id, prepared.facts, recomputed=True)


def _check(config: PreprocessConfig) -> None:
    data, out = config.data.resolve(), config.out.resolve()
    if data.is_relative_to(out) or out.is_relative_to(data):
        raise UsageError(
            "The out folder and the data root lie in each other; expected the cache outside the study, as in "
            "artifacts/preprocess."
        )


def _prepare_all(config: PreprocessConfig, examinations: Sequence[Examination]) -> dict[str, Outcome]:
    config.out.mkdir(parents=True, exist_ok=True)
    bar = progress_bar(
        _outcomes(config, examinations), total=len(examinations), desc="preprocess", unit="examination"
    )
    outcomes = {outcome.exam_id: outcome for outcome in bar}
    errors = [outcomes[exam_id].error for exam_id in sorted(outcomes)]
    _raise_first([error for error in errors if error is not None], len(examinations))
    return {examination.exam_id: outcomes[examination.exam_id] for examination in examinations}


def _outcomes(config: PreprocessConfig, examinations: Sequence[Examination]) -> Iterator[Outcome]:
    workers = min(config.workers, len(examinations))
    brain = BrainSettings(config.brain_mask, config.brain_command, config.brain_timeout_s)
    if workers == 1:
        for examination in examinations:
            yield prepare_if_changed(config.data, config.out, examination, config.register, brain)
        return
    # Fresh processes: a fork of a process with threads can hang.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [
            pool.submit(prepare_if_changed, config.data, config.out, examination, config.register, brain)
            for examination in examinations
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise DataError(
                f"A process that prepared an examination was killed while {workers} ran at the same time; "
                "expected enough memory for all. Start again with fewer workers; what is done is kept."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _raise_first(errors: Sequence[DataError], total: int) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        shown = "\n".join(f"- {error}" for error in errors[:_MOST_ERRORS_SHOWN])
        more = len(errors) - _MOST_ERRORS_SHOWN
        raise DataError(
            f"{len(errors)} of {counted(total, 'examination')} could not be prepared; expected validate to "
            "have dropped "
            f"such ones. Mend them, or run validate again.\n{shown}"
            + (f"\n- and {more} more" if more > 0 else "")
        )


def _index(
    config: PreprocessConfig,
    unit: TargetUnit,
    examinations: Sequence[Examination],
    splits: Mapping[str, str],
    facts: Mapping[str, ArrayFacts],
) -> ExaminationIndex:
    cached = tuple(
        CachedExamination(
            exam_id=examination.exam_id,
            subject_id=examination.subject_id,
            session_id=examination.session_id,
            split=splits[examination.exam_id],
            diagnosis=examination.diagnosis,
            grade=examination.grade,
            sequences=facts[examination.exam_id].sequences,
            target_unit=unit,
            shape=facts[examination.exam_id].shape,
            spacing_mm=facts[examination.exam_id].spacing_mm,
            affine=facts[examination.exam_id].affine,
            fingerprint=facts[examination.exam_id].fingerprint,
        )
        for examination in examinations
    )
    return ExaminationIndex(
        root=config.out,
        preprocessing_version=PREPROCESSING_VERSION,
        target_unit=unit,
        split_by=config.split_by,
        data_fingerprint=data_fingerprint(cached),
        examinations=cached,
    )
