"""A sweep trained again in folds, at as many times its cost: every patient is held out once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cbvsynth.domain.selection.folds import Fold, FoldsReport, report_folds
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.splits import HELD_OUT, TRAIN, assign_folds
from cbvsynth.evaluation.baseline_scores import all_exam_ids, score_baselines
from cbvsynth.evaluation.sweep import group_by_name, read_sweep
from cbvsynth.planning.settings import RunSettings
from cbvsynth.preprocessing.fingerprint import data_fingerprint
from cbvsynth.records.examinations import ExaminationIndex, read_index, write_index
from cbvsynth.records.json_codec import JsonFile

REPORT_FILE = "folds.json"
_FILE = JsonFile(FoldsReport, "a report on folds", maker="cbvsynth sweep folds", version=1)


def run_folds(
    settings: RunSettings, models: tuple[ModelId, ...], folds: int, examinations: Path, out: Path
) -> FoldsReport:
    """Train and score every model in every fold, judge, and write folds.json.

        <out>/fold-<number>/{preprocess,train,checkpoints}/
        <out>/folds.json

    The arrays are those of preprocess, linked; only who is held out differs. What was trained is not trained
    again: a run that was stopped goes on.

    Raises:
        UsageError: fewer than two folds, or more than there are patients.
        ResultError: the cached examinations are missing or damaged.
        TrainingError: as `steps.train.run`.
    """
    from cbvsynth.steps import train

    index = read_index(examinations)
    sides = assign_folds(
        index.examinations,
        settings.preprocess.split_by,
        folds,
        settings.preprocess.seed,
        settings.preprocess.split_strata,
    )
    found = []
    for number in range(1, folds + 1):
        folder = out / f"fold-{number}"
        splits = {exam_id: HELD_OUT if side == number else TRAIN for exam_id, side in sides.items()}
        own = resplit(index, folder / "preprocess", splits)
        for model in models:
            print(f"fold {number} of {folds}: {model}")
            train.run(
                replace(
                    settings.train,
                    model=model.slug,
                    examinations=own.root,
                    out=folder / "train",
                    checkpoints=folder / "checkpoints",
                )
            )
        sweep = read_sweep(folder / "train", models)
        exams = set(all_exam_ids(sweep.models))
        baselines = score_baselines(own, exams, sweep.models[0].data_range)
        found.append(Fold(sweep.models, group_by_name(baselines)))
    report = report_folds(found, settings.evaluate.gate_settings())
    _FILE.write(out / REPORT_FILE, report)
    return report


def read_folds(path: Path) -> FoldsReport:
    """Read what `run_folds` wrote.

    Raises:
        ResultError: the file is missing or damaged.
    """
    return _FILE.read(path)


def resplit(index: ExaminationIndex, root: Path, splits: dict[str, str]) -> ExaminationIndex:
    """The same arrays with other sides, by exam_id: an index of its own whose folders are links."""
    chosen = tuple(replace(one, split=splits[one.exam_id]) for one in index.examinations)
    root.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        link, arrays = root / one.exam_id, (index.root / one.exam_id).absolute()
        if not link.is_symlink() or link.readlink() != arrays:
            link.unlink(missing_ok=True)  # of arrays that were elsewhere
            link.symlink_to(arrays)
    made = replace(index, root=root, examinations=chosen, data_fingerprint=data_fingerprint(chosen))
    write_index(made)
    return made
